import { expect, it } from "vitest";
import { logFiles, rotationLimits } from "./log-rotation.js";

const megabyte = 1024 ** 2;

it("keeps three files of ten megabytes unless it is told otherwise", () => {
  expect(rotationLimits({})).toEqual({ maxBytes: 10 * megabyte, maxFiles: 3 });
});

it("takes Docker's options, of which the size alone means one file", () => {
  expect(rotationLimits({ "max-size": "2m", "max-file": "5" })).toEqual({ maxBytes: 2 * megabyte, maxFiles: 5 });
  expect(rotationLimits({ "max-size": "512k" })).toEqual({ maxBytes: 512 * 1024, maxFiles: 1 });
  expect(rotationLimits({ "max-size": "-1" }).maxBytes).toBe(Number.POSITIVE_INFINITY);
});

it("reads the oldest file first", () => {
  expect(logFiles("/l", { maxBytes: 1, maxFiles: 3 })).toEqual(["/l.2", "/l.1", "/l"]);
});
