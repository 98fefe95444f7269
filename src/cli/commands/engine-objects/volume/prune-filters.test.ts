import { expect, it } from "vitest";
import { volumePruneFilters } from "./prune-filters.js";

it("asks for all volumes, or for those without a name", () => {
  const label = { label: ["a"] };
  expect(volumePruneFilters(label, { all: true, apiVersion: "1.51" })).toEqual({ all: ["true"], label: ["a"] });
  expect(volumePruneFilters(label, { all: false, apiVersion: "1.42" })).toEqual(label);
});

it("removes no named volume that nobody asked for on an engine that knows no difference", () => {
  expect(volumePruneFilters({}, { all: true, apiVersion: "1.41" })).toEqual({});
  expect(() => volumePruneFilters({}, { all: false, apiVersion: "1.41" })).toThrow("named volumes too");
});
