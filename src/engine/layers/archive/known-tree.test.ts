import { expect, it } from "vitest";
import { KnownTree } from "./known-tree.js";

it("forgets a path with everything below it, and nothing beside it", () => {
  const tree = new KnownTree();
  for (const path of ["a", "a/b", "a/b/c", "ab"]) tree.mark(path, "directory");
  tree.mark("a/gone", "hidden");
  tree.setTime("a/b/c", 1n);
  tree.setTime("ab", 2n);
  tree.forget("a");
  expect(["", "a", "a/b/c", "a/gone", "ab"].map((path) => tree.kindOf(path))).toEqual([
    "directory",
    ...[undefined, undefined, undefined],
    "directory",
  ]);
  expect([...tree.times()]).toEqual([["ab", 2n]]);
});

it("replaces a file a hundred thousand times beside as many directories without looking at them", () => {
  const tree = new KnownTree();
  for (let n = 0; n < 100_000; n += 1) tree.mark(`d${n}`, "directory");
  const before = performance.now();
  for (let n = 0; n < 100_000; n += 1) tree.forget("f");
  expect(performance.now() - before).toBeLessThan(2_000);
});
