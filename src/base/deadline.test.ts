import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { deadline } from "./deadline.js";

it("aborts when the time is over, and says that it was the time", async () => {
  using limit = deadline(5);
  expect([limit.signal.aborted, limit.isOver]).toEqual([false, false]);
  await expect.poll(() => limit.signal.aborted).toBe(true);
  expect([limit.isOver, limit.signal.reason.name]).toEqual([true, "TimeoutError"]);
});

it("aborts with any of the others, also one that has aborted already, for its reason", () => {
  const controller = new AbortController();
  using limit = deadline(60_000, [new AbortController().signal, controller.signal]);
  controller.abort("enough");
  using late = deadline(60_000, [controller.signal]);
  expect([limit.signal.reason, late.signal.reason, limit.isOver]).toEqual(["enough", "enough", false]);
});

it("does nothing any more once it is disposed of", async () => {
  const controller = new AbortController();
  const limit = deadline(1, [controller.signal]);
  limit[Symbol.dispose]();
  controller.abort();
  await sleep(5);
  expect(limit.signal.aborted).toBe(false);
});

// Seen on Node 22.12: a drain never ended, as the timeout that limited it had been collected.
it("comes although nobody but its signal is held, and whatever is collected meanwhile", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void; // what the flag adds to new contexts
  const { signal } = deadline(30, [new AbortController().signal]);
  const begin = performance.now();
  while (!signal.aborted && performance.now() - begin < 2000) {
    collect();
    await sleep(5);
  }
  expect(signal.aborted).toBe(true);
});

it("takes a time that no timer can be set to for the longest", async () => {
  using limit = deadline(2 ** 40);
  await sleep(5);
  expect(limit.isOver).toBe(false);
});
