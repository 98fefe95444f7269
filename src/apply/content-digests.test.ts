import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { FileSpec, Project } from "../compose/project.js";
import { digestContents } from "./content-digests.js";
import { readSecretKey } from "./secret-key.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-digest-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const project = (secret: Partial<FileSpec>) =>
  ({
    services: new Map([
      ["web", { configs: [], volumes: [], secrets: [{ source: "pin", target: "/run/secrets/pin" }] }],
    ]),
    configs: new Map(),
    secrets: new Map([["pin", { key: "pin", name: "pin", external: false, ...secret }]]),
    environment: { PIN: "1234" },
  }) as unknown as Project; // as far as it is read
const digest = async (secret: Partial<FileSpec>, home = folder) =>
  (await digestContents(project(secret), () => readSecretKey(join(home, "state")))).secretDigests.get("pin");

it("a secret's digest says whether it has changed, and to nobody else what it is", async () => {
  const first = await digest({ content: "1234" });
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await digest({ environment: "PIN" })).toBe(first);
  expect(await digest({ content: "1235" })).not.toBe(first);
  writeFileSync(join(folder, "pin"), "1234");
  expect(await digest({ file: join(folder, "pin") })).toBe(first);
  expect(await digest({ content: "1234" }, join(folder, "elsewhere"))).not.toBe(first);
});

it("the key is its user's alone, is made once by however many ask at once, and is replaced by nothing", async () => {
  const keys = await Promise.all(Array.from({ length: 5 }, () => readSecretKey(folder)));
  expect(new Set(keys.map((key) => key?.toString("hex"))).size).toBe(1);
  expect(readdirSync(folder)).toEqual(["secret-key"]);
  expect(statSync(join(folder, "secret-key")).mode & 0o777).toBe(0o600);
  writeFileSync(join(folder, "secret-key"), "damaged");
  expect(await readSecretKey(folder)).toBeUndefined();
});

it("without a place for the key, or without secrets, there is no digest", async () => {
  writeFileSync(join(folder, "state"), "a file");
  expect(await digest({ content: "1234" })).toBeUndefined();
  const bare = { ...project({}), services: new Map() };
  const noKey = () => Promise.reject(new Error("not asked"));
  expect((await digestContents(bare, noKey)).secretDigests.size).toBe(0);
});
