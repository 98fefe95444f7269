import { expect, it, vi } from "vitest";
import type { HealthState } from "../../../wire/container.js";
import { startingHealth } from "./health-state.js";
import { LogHealth } from "./log-health.js";

/** The states that are told for an output that comes in these chunks and then goes on in silence. */
async function told(
  pattern: string,
  chunks: readonly string[],
  more: { withinMs?: number; health?: HealthState } = {},
) {
  const states: HealthState[] = [];
  let finish: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const health = new LogHealth({
    ...{ pattern, withinMs: 60_000, sinceStartMs: 0, health: startingHealth, ...more },
    async *follow(signal) {
      for (const chunk of chunks) yield Buffer.from(chunk, "latin1");
      if (!signal.aborted && more.withinMs === undefined) finish();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
    now: () => new Date(0),
    onHealth: (state) => {
      states.push(state);
      finish();
    },
  });
  health.start();
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 300))]);
  health.stop();
  return states.map(({ Status, Log }) => `${Status}: ${Log.at(-1)?.Output}`);
}

it("is healthy by the first line that matches, also one that comes in pieces", async () => {
  expect(await told("^ready \\d+$", ["boot\nrea", "dy 1\r\nready 2\n"])).toEqual(["healthy: ready 1"]);
});

it("does not take the beginning of a line that is not complete", async () => {
  expect(await told("ready", ["is ready"])).toEqual([]);
});

it("is unhealthy when no line has matched in time, and healthy when it comes after all", async () => {
  const states: string[] = [];
  let say: (text: string) => void = () => {};
  const said = new Promise<string>((resolve) => {
    say = resolve;
  });
  const health = new LogHealth({
    ...{ pattern: "ready", withinMs: 10, sinceStartMs: 0, health: startingHealth, now: () => new Date(0) },
    async *follow() {
      yield Buffer.from("boot\n");
      yield Buffer.from(await said);
    },
    onHealth: ({ Status, Log }) => {
      states.push(`${Status}: ${Log.at(-1)?.Output}`);
      say("ready at last\n");
    },
  });
  health.start();
  await vi.waitFor(() => expect(states).toHaveLength(2));
  health.stop();
  expect(states).toEqual(["unhealthy: No line has matched within 0.01 s", "healthy: ready at last"]);
});

it("reads a character that comes in two parts", async () => {
  const bytes = Buffer.from("fertig: ü\n");
  const parts = [bytes.subarray(0, -2), bytes.subarray(-2)].map((part) => part.toString("latin1"));
  expect(await told("fertig: ü$", parts)).toEqual(["healthy: fertig: ü"]);
});

it("gives a pattern up that would hold up the engine", async () => {
  const hostile = `${"a".repeat(60)}!\n`;
  const [state] = await told("^(a+)+$", [hostile]);
  expect(state).toMatch(/^unhealthy: The pattern "\^\(a\+\)\+\$" takes too long/);
});

it("looks for nothing in a run that was healthy before the engine came", async () => {
  const health: HealthState = { Status: "healthy", FailingStreak: 0, Log: [] };
  expect(await told("ready", ["ready\n"], { health })).toEqual([]);
});
