import { expect, it } from "vitest";
import { prunes } from "./prune-filters.js";

const now = Date.parse("2030-01-02T00:00:00Z");
const object = (ageMs: number, labels: Record<string, string> = {}) => ({ createdMs: now - ageMs, labels });

it("takes everything without filters", () => {
  expect(prunes({}, now)(object(0))).toBe(true);
});

it("takes what is older than a duration, a time or a number of seconds", () => {
  for (const until of ["1h30m", "2030-01-01T22:30:00Z", String(now / 1000 - 5400)]) {
    const takes = prunes({ until: [until] }, now);
    expect([takes(object(5_300_000)), takes(object(5_500_000))]).toEqual([false, true]);
  }
});

it("takes what has all labels and none of the refused ones", () => {
  const takes = prunes({ label: ["a", "b=1"], "label!": ["keep"] }, now);
  expect(takes(object(0, { a: "", b: "1" }))).toBe(true);
  expect(takes(object(0, { a: "", b: "2" }))).toBe(false);
  expect(takes(object(0, { a: "", b: "1", keep: "" }))).toBe(false);
});

it("refuses a time that is none", () => {
  expect(() => prunes({ until: ["soon"] }, now)).toThrow('failed to parse value as time or duration: "soon"');
});
