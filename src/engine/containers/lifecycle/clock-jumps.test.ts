/** The wall clock is set while containers run, by hand or by a time server: durations do not notice. */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../../base/clock.js";
import type { ContainerCreateBody } from "../../../wire/container.js";
import type { ContainerStore } from "../container-store.js";
import { World } from "../containers.fixture.js";

const yearMs = 365 * 24 * 3_600_000;
let aheadMs: number;
let world: World;
let engine: ContainerStore;
beforeEach(async () => {
  aheadMs = 0;
  world = new World();
  world.clock = {
    now: () => new Date(Date.now() + aheadMs),
    monotonicMs: () => systemClock.monotonicMs(),
  };
  engine = world.engine();
  await engine.restore();
});
afterEach(async () => {
  await engine.close();
  world[Symbol.dispose]();
});

async function run(body: ContainerCreateBody): Promise<string> {
  const { Id } = await engine.create("web", { Image: "busybox", ...body });
  await engine.start(Id);
  return Id;
}

async function eventually(check: () => boolean): Promise<void> {
  for (const end = Date.now() + 3000; !check(); await delay(5)) if (Date.now() > end) throw new Error("never");
}

it.each([yearMs, -yearMs])("a jump of %i ms makes no run long, and no back-off short", async (jumpMs) => {
  const id = await run({ HostConfig: { RestartPolicy: { Name: "always" } } });
  const ends = world.journal
    .follow({ filters: { event: ["die"] } }, new AbortController().signal)
    [Symbol.asyncIterator]();
  for (const count of [1, 2]) {
    aheadMs += jumpMs;
    world.exit(id, 1);
    const { value: end } = await ends.next();
    expect(end?.Actor.Attributes.execDuration).toBe("0");
    await eventually(() => engine.inspect(id).RestartCount === count);
  }
  await ends.return?.();
});

it("a jump ends no start period, and delays no probe", async () => {
  let probes = 0;
  world.onExec = () => {
    probes += 1;
    return 1;
  };
  const milli = 1e6;
  const Healthcheck = { Test: ["CMD", "look"], Interval: 10 * milli, StartPeriod: 60_000 * milli, Retries: 1 };
  const id = await run({ Healthcheck });
  aheadMs = yearMs;
  await eventually(() => probes > 2);
  aheadMs = -yearMs;
  await eventually(() => probes > 4);
  expect(engine.inspect(id).State.Health).toMatchObject({ Status: "starting", FailingStreak: 0 });
});
