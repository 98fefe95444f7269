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

it("means the same by patterns of many stars as by the few that they are made of", () => {
  const paths = ["a", "a/b", "a/b/c", "ab/c", "b/a/c/a", "a/a/a", "x/a/b.log", "ä/a/😀"];
  // A star more, where it takes nothing, changes nothing.
  for (const [few, many] of [
    ["**/a", "**/**/**/a"],
    ["a/**", "a/**/**/**"],
    ["**/*b*", "**/**/*b*"],
    ["**/a/*", "**/**/**/a/*"],
    ["**a**", "**a******"],
  ] as const) {
    expect(kept(many, paths), many).toEqual(kept(few, paths));
  }
});

it("takes no time beyond measure for stars that match in many ways", () => {
  const began = performance.now();
  expect(kept(`${"**/".repeat(12)}z`, [`${"a/".repeat(60)}b`])).toHaveLength(1);
  expect(kept(`${"*a".repeat(20)}z`, ["a".repeat(200)])).toHaveLength(1);
  expect(performance.now() - began).toBeLessThan(2_000);
});
