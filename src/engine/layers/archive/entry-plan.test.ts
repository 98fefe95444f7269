import { expect, it } from "vitest";
import { planEntry, planLinkTarget } from "./entry-plan.js";

it.each([
  ["./", { kind: "write", path: "" }],
  ["./etc/passwd", { kind: "write", path: "etc/passwd" }],
  ["/etc/passwd", { kind: "write", path: "etc/passwd" }],
  ["etc//x/./y/", { kind: "write", path: "etc/x/y" }],
  ["etc/.wh.passwd", { kind: "whiteout", path: "etc/passwd" }],
  [".wh.etc", { kind: "whiteout", path: "etc" }],
  ["etc/.wh..wh..opq", { kind: "opaque", path: "etc" }],
  [".wh..wh..opq", { kind: "opaque", path: "" }],
  [".wh..wh.plnk/1.2", { kind: "skip" }],
  [".wh..wh.aufs", { kind: "skip" }],
  ["a/...", { kind: "write", path: "a/..." }],
])("%s means %j", (name, plan) => {
  expect(planEntry(name)).toEqual(plan);
});

it.each(["/../x", "../x", "a/../../x", "a/..", "a\0b", ".wh.", ".wh..", ".wh...", "a/.wh.b/c"])(
  "refuses %j as the name of an entry",
  (name) => {
    expect(() => planEntry(name)).toThrow(expect.objectContaining({ code: "import-failed" }));
  },
);

it("takes a hard link's target from the layer's root, and refuses one that leads out", () => {
  expect(planLinkTarget("usr/bin/x")).toBe("usr/bin/x");
  expect(planLinkTarget("/usr/bin/x")).toBe("usr/bin/x");
  expect(() => planLinkTarget("../x")).toThrow("leads out");
  expect(() => planLinkTarget("")).toThrow("names no file");
});

it("refuses names that no file system takes", () => {
  for (const name of ["n".repeat(256), "d/".repeat(3000)]) {
    expect(() => planEntry(name)).toThrow("a name is too long");
  }
  expect(planEntry("n".repeat(255))).toMatchObject({ kind: "write" });
});
