import { expect, it } from "vitest";
import { doomedByLimits, doomedByPrune, maxCacheBytes } from "./cache-choice.js";
import type { CachePrune, CacheUsage } from "./cache-upkeep.js";

const day = (number: number) => `2026-01-0${number}T00:00:00.000Z`;
const item = (id: string, used: number, more: Partial<CacheUsage> = {}): CacheUsage => ({
  ...{ id, type: "regular", description: id, sizeBytes: 10, inUse: false, createdAt: day(1), lastUsedAt: day(used) },
  ...{ uses: 1, ...more },
});
/** The most recently used first. */
const usage = [
  ...[item("new", 9), item("used", 8, { inUse: true }), item("mount", 7, { type: "exec.cachemount" })],
  ...[item("old", 2), item("oldest", 1)],
];

function pruned(options: Partial<CachePrune>, busy: readonly string[] = []): string[] {
  return doomedByPrune(usage, { all: false, ...options }, (id) => busy.includes(id)).map(({ id }) => id);
}

it("takes everything that no image has, and that too when it is told to", () => {
  expect(pruned({})).toEqual(["new", "mount", "old", "oldest"]);
  expect(pruned({ all: true })).toEqual(["new", "used", "mount", "old", "oldest"]);
});

it("leaves what a step uses right now", () => {
  expect(pruned({ all: true }, ["mount"])).not.toContain("mount");
});

it("keeps the most recently used up to a size", () => {
  expect(pruned({ keepBytes: 25 })).toEqual(["old", "oldest"]);
  expect(pruned({ keepBytes: 1000 })).toEqual([]);
});

it("takes by age, kind and id", () => {
  expect(pruned({ usedBefore: new Date(day(3)) })).toEqual(["old", "oldest"]);
  expect(pruned({ types: ["exec.cachemount"] })).toEqual(["mount"]);
  expect(pruned({ ids: ["old"] })).toEqual(["old", "oldest"]);
  expect(pruned({ usedBefore: new Date(day(3)), keepBytes: 10 })).toEqual(["oldest"]);
});

it("takes after a build what was not used for a month, and the least recently used beyond 20 GB", () => {
  const half = maxCacheBytes / 2;
  const steps = [item("first", 1, { sizeBytes: half }), item("third", 3, { sizeBytes: half }), item("second", 2)];
  expect(doomedByLimits(steps, Date.parse(day(4))).map(({ id }) => id)).toEqual(["first"]);
  expect(doomedByLimits(steps, Date.parse("2026-02-02T00:00:00Z")).map(({ id }) => id)).toEqual(["second", "first"]);
  expect(doomedByLimits([], 0)).toEqual([]);
});
