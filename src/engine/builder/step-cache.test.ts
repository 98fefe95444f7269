import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { digestOf } from "../../oci/digest.js";
import { StepCache } from "./step-cache.js";

let directory: string;
let seconds = 0;
const clock = { now: () => new Date(seconds * 1000), monotonicMs: () => seconds * 1000 };
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gantry-steps-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const key = "a".repeat(64);
const digest = digestOf("layer");
const layer = { mediaType: "t", digest, size: 1, chainId: digest, diffId: digest };
const step = { key, description: "RUN x", createdAt: "2024-01-01T00:00:00Z", sizeBytes: 3, layer };

it("finds after a restart what was kept, and counts how often it was used", async () => {
  const cache = await StepCache.open(directory, clock);
  cache.keep(step);
  seconds = 60;
  cache.find(key);
  await cache.close();
  const again = await StepCache.open(directory, clock);
  expect(again.all()).toEqual([{ ...step, uses: 2, lastUsedAt: "1970-01-01T00:01:00.000Z" }]);
});

it("forgets on disk too", async () => {
  const cache = await StepCache.open(directory, clock);
  cache.keep(step);
  await cache.forget(key);
  expect([cache.find(key), readdirSync(directory)]).toEqual([undefined, []]);
});

it("drops records that are damaged, half written or under a name that is not theirs", async () => {
  const cache = await StepCache.open(directory, clock);
  cache.keep(step);
  await cache.close();
  writeFileSync(join(directory, "torn.json"), '{"key":');
  writeFileSync(join(directory, `${"b".repeat(64)}.json`), JSON.stringify({ ...step, uses: 1, lastUsedAt: "x" }));
  writeFileSync(join(directory, `${"c".repeat(64)}.json`), JSON.stringify({ ...step, layer: { digest: "no" } }));
  expect((await StepCache.open(directory, clock)).all().map((one) => one.key)).toEqual([key]);
  expect(readdirSync(directory)).toEqual([`${key}.json`]);
});
