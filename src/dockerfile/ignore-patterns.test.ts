import { expect, it } from "vitest";
import { parseIgnoreFile } from "./ignore-patterns.js";

function kept(file: string, paths: readonly string[]): string[] {
  const rules = parseIgnoreFile(file);
  return paths.filter((path) => !rules.ignores(path));
}

it("takes what is in an ignored directory along", () => {
  expect(kept("node_modules\n/dist/\n", ["a", "node_modules/x/y", "dist/z", "src/node_modules/x"])).toEqual([
    "a",
    "src/node_modules/x",
  ]);
});

it("stops a star at a slash, two stars not", () => {
  expect(kept("*.md\n**/*.log", ["a.md", "d/a.md", "a.log", "d/e/a.log"])).toEqual(["d/a.md"]);
  expect(kept("a/**/z", ["a/z", "a/b/c/z", "a/b"])).toEqual(["a/b"]);
  expect(kept("a/**", ["a/x", "b"])).toEqual(["b"]);
});

it("lets the last pattern that matches decide", () => {
  expect(kept("*\n!src\nsrc/*.tmp", ["a", "src", "src/x", "src/x.tmp"])).toEqual(["src", "src/x"]);
  expect(kept("!a\na", ["a"])).toEqual([]);
});

it("knows comments, blank lines, leading slashes, dots, classes and escapes", () => {
  expect(kept("# a\n\n ./b \n/c\n[d-f]\n\\#x\nd/../g", ["a", "b", "c", "d", "f", "#x", "g", "h"])).toEqual(["a", "h"]);
});

it("says whether something was taken back", () => {
  expect(parseIgnoreFile("a\n!a/b").hasExceptions).toBe(true);
  expect(parseIgnoreFile("a").hasExceptions).toBe(false);
});
