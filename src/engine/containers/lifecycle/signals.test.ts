import { describe, expect, it } from "vitest";
import { asksToEnd, signalNumber, startFailureCode } from "./signals.js";

describe("signals", () => {
  it("have names with and without SIG, in any case, and numbers", () => {
    expect(["SIGTERM", "term", "15", "RTMIN+3", "RTMAX-1"].map(signalNumber)).toEqual([15, 15, 15, 37, 63]);
    for (const text of ["NOPE", "0", "65", "-1", ""]) expect(() => signalNumber(text)).toThrow("Invalid signal");
  });

  it("ask to end when they kill, or when they are the container's own stop signal", () => {
    expect(asksToEnd(9, 15)).toBe(true);
    expect(asksToEnd(1, 15)).toBe(false);
    expect(asksToEnd(28, 28)).toBe(true);
  });
});

it("a start that fails has the exit code of a shell that cannot run the command", () => {
  expect(startFailureCode(new Error("exec: x: executable file not found in $PATH"))).toBe(127);
  expect(startFailureCode(new Error("exec: /etc: permission denied"))).toBe(126);
  expect(startFailureCode(new Error("port is already allocated"))).toBe(128);
});
