import { expect, it } from "vitest";
import {
  instanceAddress,
  instanceNameFrom,
  instanceProjectName,
  parseOrigin,
  printOrigin,
  withoutBase,
} from "./instance.js";

it.each([
  ["feature/Login", "feature-login"],
  ["Übersicht!", "ubersicht"],
  ["fix/größe-é", "fix-grosse-e"],
  ["__x--y..z", "x-y-z"],
  ["///", undefined],
  ["a_b", "a_b"],
])("a branch %s gives the name %s", (text, name) => expect(instanceNameFrom(text)).toBe(name));

it("letters that a name cannot have are told apart by a digest", () => {
  const [signs = "", other = "", mixed] = ["漢字", "文字", "fix/漢字"].map(instanceNameFrom);
  expect(signs).toMatch(/^copy-[0-9a-f]{6}$/);
  expect(other).not.toBe(signs);
  expect(mixed).toMatch(/^fix-[0-9a-f]{6}$/);
});

it("a long branch is cut, and two with the same beginning stay apart", () => {
  const [a = "", b = ""] = ["one", "two"].map((end) => instanceNameFrom(`feature/something-very-long-indeed-${end}`));
  expect([a.length, b.length, a === b]).toEqual([32, 32, false]);
  expect(a).toMatch(/^feature-something-very-lo-[0-9a-f]{6}$/);
});

it("a folder named after the project is the copy without it", () => {
  expect([withoutBase("shop-login", "shop"), withoutBase("shop", "shop"), withoutBase("shopping", "shop")]).toEqual([
    "login",
    "shop",
    "shopping",
  ]);
});

it("the project's name has the copy's once", () => {
  expect(instanceProjectName("shop", "login")).toBe("shop-login");
  expect(instanceProjectName("shop-login", "login")).toBe("shop-login");
});

it("an address is a loopback one, always the same, never of 127.0, and apart from other copies'", () => {
  const addresses = Array.from({ length: 500 }, (_, at) => instanceAddress(`shop-${at}`));
  expect(addresses.filter((address) => !/^127\.[1-9]\d{0,2}\.\d{1,3}\.[1-9]\d{0,2}$/.test(address))).toEqual([]);
  expect(addresses.filter((address) => /\.255$|^127\.255/.test(address))).toEqual([]);
  expect(new Set(addresses).size).toBe(500);
  expect(instanceAddress("shop-login")).toBe(instanceAddress("shop-login"));
  expect(instanceAddress("shop-login", 1)).not.toBe(instanceAddress("shop-login"));
});

it("what a copy is named after survives a label", () => {
  const worktree = { kind: "worktree", gitDir: "/src/shop/.git/worktrees/a b" } as const;
  const branch = { kind: "branch", branch: "feature/login", gitDir: "/src/my shop/.git" } as const;
  expect([parseOrigin(printOrigin(worktree)), parseOrigin(printOrigin(branch))]).toEqual([worktree, branch]);
  expect([parseOrigin(""), parseOrigin("branch"), parseOrigin("tag v1 /x")]).toEqual([undefined, undefined, undefined]);
});
