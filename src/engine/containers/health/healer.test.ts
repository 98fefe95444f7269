import { beforeEach, expect, it, vi } from "vitest";
import { Healer } from "./healer.js";

let nowMs = 0;
const done: string[] = [];
const healer = () =>
  new Healer({
    monotonicMs: () => nowMs,
    restart: ({ attempt, limit }) => done.push(`restart ${attempt}/${limit}`),
    giveUp: ({ limit }) => done.push(`give up ${limit}`),
  });

beforeEach(() => {
  vi.useFakeTimers();
  done.length = 0;
  nowMs = 0;
  return () => void vi.useRealTimers();
});

function pass(ms: number): void {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
}

it("restarts what stays unhealthy, and leaves what recovers by itself alone", () => {
  const one = healer();
  one.consider({ After: 5e9 }, "unhealthy");
  pass(4_000);
  one.consider({ After: 5e9 }, "healthy");
  pass(10_000);
  expect(done).toEqual([]);
  one.consider({ After: 5e9 }, "unhealthy");
  pass(5_000);
  expect(done).toEqual(["restart 1/3"]);
});

it("gives up after as many attempts as the window allows, once, until it was healthy again", () => {
  const config = { Attempts: 2, Window: 60e9 };
  const one = healer();
  for (let run = 0; run < 4; run += 1) {
    one.consider(config, "starting");
    one.consider(config, "unhealthy");
    pass(1_000);
  }
  expect(done).toEqual(["restart 1/2", "restart 2/2", "give up 2"]);
  pass(60_000);
  one.consider(config, "healthy");
  one.consider(config, "unhealthy");
  pass(0);
  expect(done.at(-1)).toBe("restart 1/2");
});
