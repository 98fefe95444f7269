import { expect, it } from "vitest";
import { parseFileMode } from "./file-mode.js";

it.each([
  ["755", 0o600, false, 0o755],
  ["4711", 0o600, false, 0o4711],
  ["u=rwX,go=rX", 0o600, false, 0o644],
  ["u=rwX,go=rX", 0o700, false, 0o755],
  ["u=rwX,go=rX", 0o600, true, 0o755],
  ["+x", 0o644, false, 0o755],
  ["go-rwx", 0o777, true, 0o700],
  ["a=r,u+w", 0o777, false, 0o644],
  ["u+s", 0o755, false, 0o4755],
])("%s makes of %o (a directory: %s) %o", (text, mode, isDirectory, result) => {
  expect(parseFileMode(text)(mode, isDirectory)).toBe(result);
});

it("refuses what is no mode", () => {
  for (const text of ["9", "u=q", "", "rwx"]) expect(() => parseFileMode(text)).toThrow("invalid chmod parameter");
});
