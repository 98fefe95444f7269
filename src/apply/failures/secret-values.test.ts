import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { aProject } from "../../plan/plan.fixture.js";
import { secretMask } from "./secret-values.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const secret = (more: object) => new Map([["s", { key: "s", name: "s", external: false, ...more }]]);

it("hides what a secret's file holds, each of its lines, and as URLs and base64 spell it", () => {
  const file = join(folder, "secret");
  writeFileSync(file, "p@ss/word\nsecond line\n");
  const mask = secretMask(aProject({}, { secrets: secret({ file }) }));
  const encoded = Buffer.from("p@ss/word").toString("base64");
  expect(mask(`a p@ss/word b p%40ss%2Fword ${encoded}\nsecond line!`)).toBe("a *** b *** ***\n***!");
});

const hook = { command: ["true"], privileged: false, environment: { DB_PASS: "hooks-own" } };

it("hides secrets of the environment and of the files, and values of telling variables", () => {
  const project = aProject(
    { web: { environment: { API_TOKEN: "abcdefgh", MODE: "production", AUTH: "on" }, post_start: [hook] } },
    { secrets: new Map([...secret({ content: "inline-secret" })]) },
  );
  expect(secretMask(project)("abcdefgh inline-secret production on hooks-own")).toBe("*** *** production on ***");
  const fromEnvironment = aProject({}, { secrets: secret({ environment: "S" }), environment: { S: "from-env" } });
  expect(secretMask(fromEnvironment)("from-env")).toBe("***");
});

it("hides what looks like a password even if nobody knows it, and leaves the rest alone", () => {
  const mask = secretMask({});
  expect(mask("DB_PASSWORD=abc\nhttp://u:pw@host/")).toBe("DB_PASSWORD=***\nhttp://u:***@host/");
  expect(mask("plain text\n")).toBe("plain text\n");
});

it("does without a secret whose file cannot be read", () => {
  expect(secretMask(aProject({}, { secrets: secret({ file: join(folder, "none") }) }))("text")).toBe("text");
});
