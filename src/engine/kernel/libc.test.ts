import { expect, it } from "vitest";
import { checked, libcFunction } from "./libc.js";

const close = libcFunction("int close(int fd)");

it("names the errno of a call that failed", () => {
  expect(() => checked("close(-1)", close(-1))).toThrow("close(-1): EBADF");
});
