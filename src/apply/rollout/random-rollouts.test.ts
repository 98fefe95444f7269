/**
 * Whatever `update_config` and `rollback_config` say and whichever new containers fail: never do fewer containers serve
 * than those promise, and in the end each replica is what they say. On an engine in memory, with seeded wishes.
 */
import { expect, it } from "vitest";
import { systemClock } from "../../base/clock.js";
import type { UpdateSpec } from "../../compose/update-spec.js";
import { aProject, observedAfterUp } from "../../plan/plan.fixture.js";
import { planUp } from "../../plan/plan-up.js";
import { defaultUpOptions } from "../../plan/up-options.js";
import { applyPlan } from "../apply-plan.js";
import { FakeEngine } from "../fake-engine.fixture.js";

const seeds = 150;

interface Wish {
  readonly replicas: number;
  readonly update: UpdateSpec;
  readonly rollback: UpdateSpec;
  /** Numbers of the replicas whose new containers exit as soon as they have started. */
  readonly failing: ReadonlySet<number>;
}

function aWish(seed: number): Wish {
  let state = seed * 2654435761; // a linear congruential generator: the same wishes at every run
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const oneOf = <T>(...values: readonly T[]): T => values[below(values.length)] as T; // none of the lists is empty
  const replicas = 1 + below(5);
  const orders = { order: oneOf("start-first", "stop-first") } as const;
  return {
    replicas,
    update: {
      ...orders,
      ...{ parallelism: below(4), monitor: 0, max_failure_ratio: oneOf(0, 0.25, 0.5) },
      failure_action: oneOf("pause", "continue", "rollback"),
    },
    rollback: { parallelism: below(3), monitor: 0, ...oneOf({}, { order: oneOf("start-first", "stop-first") }) },
    failing: new Set(Array.from({ length: replicas }, (_, at) => at + 1).filter(() => below(4) === 0)),
  };
}

/** What must come of it, told without the planner. */
function promised({ replicas, update, rollback, failing }: Wish) {
  const atATime = ({ parallelism = 1 }: UpdateSpec) => Math.min(parallelism || replicas, replicas);
  const step = atATime(update);
  let attempted = 0;
  let failed = 0;
  let isExceeded = false;
  while (attempted < replicas && !isExceeded) {
    for (const end = Math.min(attempted + step, replicas); attempted < end; ) if (failing.has(++attempted)) failed += 1;
    isExceeded = update.failure_action !== "continue" && failed / replicas > (update.max_failure_ratio ?? 0);
  }
  const startsFirst = update.order === "start-first";
  const takesBack = update.failure_action === "rollback";
  const isTakenBack = takesBack && isExceeded;
  const backStartsFirst = startsFirst && (rollback.order ?? "start-first") === "start-first";
  const goingForth = startsFirst ? 0 : step;
  const goingBack = isTakenBack && !backStartsFirst ? atATime(rollback) : 0;
  // Without a way back, one that failed stop-first serves no more.
  const lost = startsFirst || takesBack ? 0 : failed;
  const isNew = (number: number) => number <= attempted && !isTakenBack && !failing.has(number);
  return {
    least: replicas - Math.max(goingForth, goingBack) - lost,
    serving: Array.from({ length: replicas }, (_, at) => at + 1).flatMap((number) => {
      if (isNew(number)) return [`shop-web-${number} new`];
      return lost > 0 && number <= attempted ? [] : [`shop-web-${number} old`];
    }),
    // Put back start-first, the new ones stand by in their turn.
    atOnce: Math.max(step, isTakenBack ? atATime(rollback) : 0),
  };
}

/** The fewest that served at any moment, the most that stood by at once, and which serve in the end. */
async function carriedOut({ replicas, update, rollback, failing }: Wish) {
  const project = aProject({
    web: { scale: replicas, update_config: update, rollback_config: rollback, gantry: { drain: 0 } },
  });
  const engine = new FakeEngine();
  const made = observedAfterUp(project);
  const containers = made.containers.map((one) => ({
    ...one,
    id: engine.add(one.name, {}, "running").id,
    labels: { ...one.labels, "com.docker.compose.image": "old" },
  }));
  const old = new Set(containers.map(({ id }) => id));
  const all = () => [...engine.containers.values()];
  const serving = () => all().filter(({ status, standsBy }) => status === "running" && !standsBy);
  let least = serving().length;
  let atOnce = 0;
  const look = () => {
    least = Math.min(least, serving().length);
    atOnce = Math.max(
      atOnce,
      all().filter(({ id, standsBy, status }) => standsBy && status === "running" && !old.has(id)).length,
    );
  };
  engine.onCall = look;
  engine.onStart = ({ id, name }) => {
    look();
    if (!old.has(id) && failing.has(Number(name.slice(name.lastIndexOf("-") + 1)))) engine.exit(name, 3);
  };
  const exit = engine.exit.bind(engine);
  engine.exit = (name, code) => {
    exit(name, code);
    look();
  };
  const plan = planUp(project, { ...made, containers, takesOver: true }, defaultUpOptions);
  await applyPlan(plan, engine.client, {
    ...{ command: "up", clock: systemClock, signal: new AbortController().signal, emit: () => {} },
  });
  look();
  const ends = serving().map(({ id, name }) => `${name} ${old.has(id) ? "old" : "new"}`);
  return { least, atOnce, serving: ends.sort() };
}

it("never serves with fewer than promised, works at no more, and ends each replica as it should", async () => {
  const outcomes = Array.from({ length: seeds }, async (_, at) => {
    const wish = aWish(at + 1);
    const [want, got] = [promised(wish), await carriedOut(wish)];
    const told = JSON.stringify({ seed: at + 1, ...wish, failing: [...wish.failing], want, got });
    expect(got.serving, told).toEqual(want.serving);
    expect(got.least, told).toBeGreaterThanOrEqual(want.least);
    expect(got.atOnce, told).toBeLessThanOrEqual(want.atOnce);
  });
  const failures = (await Promise.allSettled(outcomes)).flatMap((one) =>
    one.status === "rejected" ? [one.reason] : [],
  );
  if (failures[0]) throw failures[0];
}, 60_000);
