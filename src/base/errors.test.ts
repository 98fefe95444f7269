import { readFileSync, renameSync } from "node:fs";
import { expect, it } from "vitest";
import { messageOf } from "./errors.js";

function thrownBy(act: () => void): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

it("tells what the system refused in the words of other tools", () => {
  expect(messageOf(thrownBy(() => readFileSync("/nowhere/a b")))).toBe("open /nowhere/a b: no such file or directory");
  expect(messageOf(thrownBy(() => renameSync("/nowhere/a", "/nowhere/b")))).toBe(
    "rename /nowhere/a to /nowhere/b: no such file or directory",
  );
});

it("leaves every other text as it is", () => {
  expect(messageOf(new Error("ENOENT: is no code here, open 'x'"))).toBe("ENOENT: is no code here, open 'x'");
  expect(messageOf("just words")).toBe("just words");
});
