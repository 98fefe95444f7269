/** Builds that come to the same image, while others of them take its names away again. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";
import { observeBase, observeBuild } from "./observe-build.js";

const lanes = 4;
const rounds = 6;
let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

it("gives every build its image, whoever removes the others' names", async () => {
  const base = await observeBase(engine.client);
  const lane = async (_: unknown, at: number) => {
    const outcomes: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // Observing removes the name that the build gave.
      const one = { name: `lane ${at} round ${round}`, dockerfile: "FROM busybox\nENV A=1\nLABEL b=c" };
      outcomes.push(await observeBuild(engine.client, one, base));
    }
    return outcomes;
  };
  const outcomes = (await Promise.all(Array.from({ length: lanes }, lane))).flat();
  expect(new Set(outcomes).size).toBe(1);
  expect(outcomes[0]).toContain('Env ["PATH=/bin","A=1"]');
});
