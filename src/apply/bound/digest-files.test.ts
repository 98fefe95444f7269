import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { movedFiles } from "../../plan/bound/moved.js";
import { aDigester, digestPaths } from "./digest-files.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gantry-digests-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = (name: string) => join(dir, name);
const digests = async (...names: string[]) =>
  digestPaths(names.map(at), await aDigester(async () => Buffer.alloc(32, 1)));

it("sees what a link leads to, a file that appears and one that goes", async () => {
  for (const name of ["one", "two", "gone"]) writeFileSync(at(name), name);
  symlinkSync("one", at("link"));
  const before = await digests("link", "one", "gone", "new");
  unlinkSync(at("link"));
  symlinkSync("two", at("link"));
  unlinkSync(at("gone"));
  writeFileSync(at("new"), "");
  expect(movedFiles(before, await digests("link", "one", "gone", "new"))).toEqual([
    `file ${at("gone")}: it is gone`,
    `file ${at("link")}: its content changed`,
    `file ${at("new")}: it is new`,
  ]);
});

it("waits for no pipe and reads no device: what is no file counts as missing", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync("/dev/zero", at("device"));
  expect(Object.values(await digests("pipe", "device", "nothing"))).toEqual(["-", "-", "-"]);
});

it("makes other digests by another key", async () => {
  writeFileSync(at("one"), "guess");
  const other = await digestPaths([at("one")], await aDigester(async () => Buffer.alloc(32, 2)));
  expect(other).not.toEqual(await digests("one"));
});
