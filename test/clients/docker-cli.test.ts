/**
 * The real docker CLI against our engine and against a real Docker daemon, step by step: the same commands must print
 * the same and end the same. What is meant to differ says so, with its reason, beside the step.
 */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Side, startSides } from "./harness/sides.js";
import type { Step } from "./harness/step.js";
import { tables } from "./steps/tables.js";

let ours: Side;
let theirs: Side;
const cliVersion = Number.parseInt(
  /version (\d+)/.exec(execFileSync("docker", ["--version"], { encoding: "utf8" }))?.[1] ?? "0",
  10,
);

beforeAll(async () => {
  [ours, theirs] = await startSides();
});
afterAll(async () => {
  await ours?.[Symbol.asyncDispose]();
  await theirs?.[Symbol.asyncDispose]();
});

describe.each(tables)("$name", ({ steps }) => {
  afterAll(() => Promise.all([ours.clear(), theirs.clear()]));

  // Each step stands on those before it, so one that failed cannot be repeated by itself.
  it.each(
    steps
      .map((step) => (typeof step === "string" ? { run: step } : step))
      .map((step) => [titleOf(step), step] as const),
  )("%s", { retry: 0 }, async (_title, step: Step) => {
    if (cliVersion < (step.cli ?? 0)) return;
    const [here, there] = await Promise.all([ours.perform(step), theirs.perform(step)]);
    if (!step.differs) return expect(here).toEqual(there);
    expect(here.exitCode).toBe(step.differs.exitCode ?? there.exitCode);
    expect(here.output).toMatch(step.differs.ours);
  });
});

function titleOf({ run }: Step): string {
  return run.length > 100 ? `${run.slice(0, 97)}...` : run;
}
