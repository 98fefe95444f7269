import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { geteuid } from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createUserFile, makeUserFolder, writeUserFile } from "./user-file.js";

const somebody = 1234;
const modeOf = (path: string) => statSync(path).mode & 0o7777;
const ownerOf = (path: string) => [statSync(path).uid, statSync(path).gid];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-user-file-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("keeps the mode of what it replaces, leaves a link a link, and nothing beside the file", async () => {
  mkdirSync(join(folder, "shared"));
  writeFileSync(join(folder, "shared/env"), "old", { mode: 0o640 });
  symlinkSync("shared/env", join(folder, ".env"));
  expect(await writeUserFile(join(folder, ".env"), "new")).toEqual({ isTightened: false });
  expect(lstatSync(join(folder, ".env")).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(folder, "shared/env"), "utf8")).toBe("new");
  expect(modeOf(join(folder, "shared/env"))).toBe(0o640);
  expect(readdirSync(join(folder, "shared"))).toEqual(["env"]);
});

it("makes what a link leads to where it is not there yet", async () => {
  symlinkSync("there", join(folder, ".env"));
  await writeUserFile(join(folder, ".env"), "new", { mode: 0o600 });
  expect(lstatSync(join(folder, "there")).isFile()).toBe(true);
  expect(modeOf(join(folder, "there"))).toBe(0o600);
});

it("takes a file that holds secrets from now on away from all but its owner, and says so", async () => {
  writeFileSync(join(folder, ".env"), "old", { mode: 0o644 });
  expect(await writeUserFile(join(folder, ".env"), "new", { isSecret: true })).toEqual({ isTightened: true });
  expect(modeOf(join(folder, ".env"))).toBe(0o600);
  expect(await writeUserFile(join(folder, ".env"), "new", { isSecret: true })).toEqual({ isTightened: false });
});

it("leaves nothing behind and the old file where it was when it cannot be written", async () => {
  mkdirSync(join(folder, "place"));
  await expect(writeUserFile(join(folder, "place"), "text")).rejects.toMatchObject({ code: "read-only" });
  expect(readdirSync(folder)).toEqual(["place"]);
});

it("creates a file only where there is none", async () => {
  const path = join(folder, "compose.yaml");
  expect(await createUserFile(path, "one")).toBe(true);
  expect(await createUserFile(path, "two")).toBe(false);
  expect(readFileSync(path, "utf8")).toBe("one");
  expect(modeOf(path)).toBe(0o644);
  expect(readdirSync(folder)).toEqual(["compose.yaml"]);
});

describe.skipIf(geteuid?.() !== 0)("as root in somebody's folder", () => {
  beforeEach(() => chownSync(folder, somebody, somebody));

  it("leaves what is there to its owner, and gives what is new to the owner of the folder", async () => {
    const old = join(folder, ".env");
    writeFileSync(old, "old", { mode: 0o600 });
    chownSync(old, somebody + 1, somebody);
    await writeUserFile(old, "new", { isSecret: true });
    expect(ownerOf(old)).toEqual([somebody + 1, somebody]);
    await writeUserFile(join(folder, "fresh"), "new", { mode: 0o600 });
    expect(ownerOf(join(folder, "fresh"))).toEqual([somebody, somebody]);
    await createUserFile(join(folder, "compose.yaml"), "new");
    expect(ownerOf(join(folder, "compose.yaml"))).toEqual([somebody, somebody]);
  });

  it("gives the folders that it makes to the owner of the one above", async () => {
    await makeUserFolder(join(folder, "home/.docker"), 0o700);
    expect(ownerOf(join(folder, "home"))).toEqual([somebody, somebody]);
    expect(ownerOf(join(folder, "home/.docker"))).toEqual([somebody, somebody]);
  });

  it("follows no link by which somebody would have root write over the file of another", async () => {
    const other = await mkdtemp(join(tmpdir(), "gantry-user-file-"));
    writeFileSync(join(other, "passwd"), "root");
    symlinkSync(join(other, "passwd"), join(folder, ".env"));
    symlinkSync(join(other, "new"), join(folder, "new"));
    for (const name of [".env", "new"]) {
      await expect(writeUserFile(join(folder, name), "x")).rejects.toMatchObject({ code: "read-only" });
    }
    expect(readdirSync(other)).toEqual(["passwd"]);
    expect(readFileSync(join(other, "passwd"), "utf8")).toBe("root");
    await rm(other, { recursive: true });
  });
});
