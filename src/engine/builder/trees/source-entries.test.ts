import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { SourceTree } from "./build-job.js";
import { entriesOf, matchSources } from "./source-entries.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gantry-sources-"));
  for (const directory of ["d/e", "other"]) mkdirSync(join(root, directory), { recursive: true });
  for (const file of ["a.txt", "b.txt", "c.md", "d/x.txt", "d/e/y.txt", "[z]"]) writeFileSync(join(root, file), file);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function found(patterns: string[], more: Partial<SourceTree> = {}): string[] {
  const tree = { root, patterns, ignore: [], exclude: [], parents: false, keepOwners: false, ...more };
  return matchSources(tree).flatMap((match) => [...entriesOf(match, tree)].map(({ path }) => join(match.name, path)));
}

it("finds files, directories with what is in them, and wildcards by part of the path", () => {
  expect(found(["a.txt"])).toEqual(["a.txt"]);
  expect(found(["/d/"])).toEqual(["d/", "d/e", "d/e/y.txt", "d/x.txt"].map((path) => path.replace(/\/$/, "")));
  expect(found(["?.txt", "*/x*"])).toEqual(["a.txt", "b.txt", "d/x.txt"]);
  expect(found(["**/*.txt"], { parents: true })).toEqual(["a.txt", "b.txt", "d/e/y.txt", "d/x.txt"]);
  expect(found(["\\[z]"])).toEqual(["[z]"]);
});

it("says what is not there, and finds nothing for a wildcard", () => {
  expect(() => found(["nothing"])).toThrow("stat nothing: file does not exist");
  expect(found(["*.none"])).toEqual([]);
});

it("never leaves the tree, by dots or by links", () => {
  symlinkSync("/etc", join(root, "out"));
  symlinkSync("../../../etc/passwd", join(root, "up"));
  expect(() => found(["../../etc/passwd"])).toThrow("does not exist");
  expect(() => found(["out/passwd"])).toThrow("does not exist");
  expect(() => found(["up"])).toThrow("does not exist");
  expect(found(["o*/*"])).toEqual([]);
});

it("leaves out what is ignored or excluded, and brings back what an exception names", () => {
  expect(found(["."], { ignore: ["**/*.txt", "!d/e/y.txt", "c.md", "[[]z]"] })).toEqual([
    ".",
    "d",
    "d/e",
    "d/e/y.txt",
    "other",
  ]);
  expect(found(["d"], { exclude: ["e"] })).toEqual(["d", "d/x.txt"]);
  expect(found(["*.txt"], { exclude: ["b*"] })).toEqual(["a.txt"]);
  expect(() => found(["c.md"], { ignore: ["*.md"] })).toThrow("excluded by .dockerignore");
});
