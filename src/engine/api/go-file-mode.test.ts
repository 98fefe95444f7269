import { expect, it } from "vitest";
import { goFileMode } from "./go-file-mode.js";

it("gives permissions, set-id and sticky bits, and the type their places in Go's mode", () => {
  expect(goFileMode(0o100644)).toBe(0o644);
  expect(goFileMode(0o041777)).toBe(2 ** 31 + 2 ** 20 + 0o777);
  expect(goFileMode(0o120777)).toBe(2 ** 27 + 0o777);
  expect(goFileMode(0o104755)).toBe(2 ** 23 + 0o755);
  expect(goFileMode(0o020666)).toBe(2 ** 26 + 2 ** 21 + 0o666);
});
