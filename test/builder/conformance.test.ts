/**
 * Each rule of the Dockerfile reference as the builder carries it out, held against what Docker's classic builder made
 * of the same files (`expected.txt`, written by `record.ts`).
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";
import { buildCases } from "./cases.js";
import { readExpectations } from "./expectations.js";
import { observeBase, observeBuild } from "./observe-build.js";

/** Enough to keep the engine busy while a client waits. */
const atOnce = 4;
const expected = readExpectations();
const found = new Map<string, string>();
let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine();
  const base = await observeBase(engine.client);
  const waiting = [...buildCases];
  const lane = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      found.set(one.name, await observeBuild(engine.client, one, base));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
});
afterAll(() => engine[Symbol.asyncDispose]());

it.each(buildCases.map(({ name }) => name))("%s", (name) => {
  expect(found.get(name)).toBe(expected.get(name));
});

it("knows what every case must come to, and no other", () => {
  expect([...expected.keys()]).toEqual(buildCases.map(({ name }) => name));
});
