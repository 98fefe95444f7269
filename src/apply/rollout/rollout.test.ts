/** Updates are carried out as planned, and what fails is remedied: on an engine in memory. */
import { expect, it } from "vitest";
import { systemClock } from "../../base/clock.js";
import { GantryError } from "../../base/errors.js";
import type { UpdateSpec } from "../../compose/update-spec.js";
import { aProject, observedAfterUp } from "../../plan/plan.fixture.js";
import { planUp } from "../../plan/plan-up.js";
import { defaultUpOptions } from "../../plan/up-options.js";
import type { ContainerInspect } from "../../wire/container.js";
import type { ApplyEvent } from "../apply-events.js";
import { applyPlan } from "../apply-plan.js";
import { FakeEngine } from "../fake-engine.fixture.js";
import { standingOf } from "./watch-replica.js";

/** Two replicas of `web` that run from an image that is not the file's any more, and the update of them. */
async function update(
  spec: UpdateSpec,
  prepare: (engine: FakeEngine, signal: AbortController) => void = () => {},
  gantry: { drain?: number } = {},
) {
  const update_config = { order: "start-first", monitor: 0, ...spec } as const;
  const project = aProject({ web: { scale: 2, update_config, rollback_config: { monitor: 0 }, gantry } });
  const engine = new FakeEngine();
  const made = observedAfterUp(project);
  const containers = made.containers.map((one) => ({
    ...one,
    id: engine.add(one.name, {}, "running").id,
    labels: { ...one.labels, "com.docker.compose.image": "old" },
  }));
  const controller = new AbortController();
  prepare(engine, controller);
  const plan = planUp(project, { ...made, containers, takesOver: true }, defaultUpOptions);
  const events: ApplyEvent[] = [];
  const { outcome } = await applyPlan(plan, engine.client, {
    ...{ command: "up", clock: systemClock, signal: controller.signal, emit: (event) => events.push(event) },
  });
  const left = [...engine.containers.values()].map(({ id, name, status }) => `${id} ${name} ${status}`).sort();
  const texts = events.flatMap((event) => (event.kind === "progress" ? [event.text] : []));
  const actions = events.flatMap((event) => (event.kind === "done" ? [event.action] : []));
  return { outcome, left, calls: engine.calls, texts, actions };
}

/** The n-th container that starts exits at once. */
const failing = (nth: number) => (engine: FakeEngine) => {
  let started = 0;
  engine.onStart = ({ name }) => {
    started += 1;
    if (started === nth) engine.exit(name, 3);
  };
};

it("replaces one after the other: the old one stops once the new one has taken over", async () => {
  const { outcome, left, calls } = await update({});
  expect(outcome).toBe("succeeded");
  expect(left).toEqual(["c3 shop-web-1 running", "c4 shop-web-2 running"]);
  const order = ["create c1_shop-web-1", "start c1_shop-web-1", "take-over c1_shop-web-1", "stop c1_shop-web-1"];
  expect(calls.filter((text) => order.includes(text))).toEqual(order);
  expect(calls.indexOf("create c2_shop-web-2")).toBeGreaterThan(calls.indexOf("take-over c1_shop-web-1"));
});

it("ends as rolled back when the first new one fails: it goes, and nothing else has changed", async () => {
  const { outcome, left, calls } = await update({}, failing(1));
  expect(outcome).toBe("rolled-back");
  expect(left).toEqual(["c1 shop-web-1 running", "c2 shop-web-2 running"]);
  expect(calls.filter((text) => /^(stop|take-over)/.test(text))).toEqual([]);
});

it("has failed when one was replaced and the next was not, and the rest is left", async () => {
  const { outcome, left } = await update({}, failing(2));
  expect(outcome).toBe("failed");
  expect(left).toEqual(["c2 shop-web-2 running", "c3 shop-web-1 running"]);
});

it("puts back what was replaced where asked: the very containers of before", async () => {
  const { outcome, left } = await update({ failure_action: "rollback" }, failing(2));
  expect(outcome).toBe("rolled-back");
  expect(left).toEqual(["c1 shop-web-1 running", "c2 shop-web-2 running"]);
});

it("goes on over a failure that the ratio allows, and where failures do not matter", async () => {
  for (const spec of [{ max_failure_ratio: 0.5 }, { failure_action: "continue" }] as const) {
    const { outcome, left } = await update(spec, failing(1));
    expect(outcome).toBe("failed");
    expect(left).toEqual(["c1 shop-web-1 running", "c4 shop-web-2 running"]);
  }
});

it("takes a new one away that had not taken over when the run was cancelled", async () => {
  const { outcome, left } = await update({ monitor: 60e9 }, (engine, controller) => {
    engine.onStart = () => controller.abort();
  });
  expect(outcome).toBe("cancelled");
  expect(left).toEqual(["c1 shop-web-1 running", "c2 shop-web-2 running"]);
});

it("drains until the engine tells of no connection any more, also when it breaks off meanwhile", async () => {
  const told = [[2, 1], [1], [0]];
  const { outcome, texts } = await update({ parallelism: 0 }, (engine) => {
    engine.connections = async function* () {
      const counts = told.shift();
      if (!counts) throw new GantryError("container-not-found", "It is gone");
      yield* counts;
    };
  });
  expect([outcome, told]).toEqual(["succeeded", []]);
  expect(texts).toEqual(expect.arrayContaining(["2 connections under way", "1 connection under way"]));
});

it("stops what drains at the limit, whatever the engine says, and at once when the run is cancelled", async () => {
  const hanging = (engine: FakeEngine) => {
    engine.connections = async function* (signal) {
      yield 3;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    };
  };
  const { outcome, actions } = await update({ parallelism: 0 }, hanging, { drain: 600e6 });
  expect(outcome).toBe("succeeded");
  expect(actions.filter((action) => action === "Drained for 0.6 s")).toHaveLength(2);
  const cancelled = await update({ parallelism: 0 }, (engine, controller) => {
    hanging(engine);
    engine.onCall = (text) => void (text.startsWith("take-over") && setTimeout(() => controller.abort(), 50));
  });
  expect(cancelled.outcome).toBe("cancelled");
  expect(cancelled.left).toEqual(["c3 shop-web-1 running", "c4 shop-web-2 running"]);
});

it("takes an exit, a restart and ill health for a failure, and waits for a check that has not answered yet", () => {
  const look = (State: object, RestartCount = 0) => {
    const inspected = { State: { Running: true, ...State }, RestartCount };
    return standingOf(inspected as unknown as ContainerInspect).kind; // it reads no more
  };
  expect(look({})).toBe("good");
  expect(look({ Health: { Status: "starting" } })).toBe("starting");
  expect(look({ Health: { Status: "healthy" } })).toBe("good");
  expect(look({ Health: { Status: "unhealthy" } })).toBe("failed");
  expect(look({}, 1)).toBe("failed");
  expect(look({ Running: false, Status: "exited", ExitCode: 0 })).toBe("failed");
});
