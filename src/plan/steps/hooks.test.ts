import { expect, it } from "vitest";
import type { HookSpec, Project } from "../../compose/project.js";
import type { Plan } from "../operation.js";
import { aProject, edgesOf, observedAfterUp, onlyImages, upLines } from "../plan.fixture.js";
import { planDown } from "../plan-down.js";
import { planRestart, planStop } from "../plan-lifecycle.js";
import { planUp } from "../plan-up.js";
import { printOperation } from "../print-plan.js";
import { defaultUpOptions } from "../up-options.js";

const hook = (...command: string[]): HookSpec => ({ command, environment: {} });
const planOf = (project: Project) => planUp(project, onlyImages, defaultUpOptions);
const down = { services: [], volumes: false, removeOrphans: false };

it("runs post_start hooks in order after the start, and lets dependents through after the last", () => {
  const project = aProject({
    db: { post_start: [hook("seed"), hook("warm")] },
    web: { depends_on: { db: {} } },
  });
  expect(upLines(project, onlyImages).filter((line) => /^(start|run)/.test(line))).toEqual([
    "start-container shop-db-1: container is new",
    "run-hook post_start[0] shop-db-1: after the start",
    "run-hook post_start[1] shop-db-1: after the start",
    "start-container shop-web-1: container is new",
  ]);
  expect(edgesOf(project, onlyImages).get("start-container shop-web-1")).toContain("run-hook post_start[1] shop-db-1");
});

it("runs pre_stop hooks before every stop: of down, stop, restart and replacement", () => {
  const project = aProject({ web: { pre_stop: [hook("drain")] } });
  const observed = observedAfterUp(project);
  const before = (lines: string[]) => lines.filter((line) => /^(stop|restart|run)/.test(line));
  const stop = ["run-hook pre_stop[0] shop-web-1: before the stop"];
  const lines = (plan: Plan) => before(plan.operations.map(printOperation));
  expect(lines(planDown(project, observed, down))).toEqual([...stop, "stop-container shop-web-1: project goes down"]);
  expect(lines(planStop(project, observed, { services: [] }))).toEqual([
    ...stop,
    "stop-container shop-web-1: asked for",
  ]);
  expect(lines(planRestart(project, observed, { services: [], noDeps: false }))).toEqual([
    ...stop,
    "restart-container shop-web-1: asked for",
  ]);
  expect(before(upLines(project, observed, { forceRecreate: true }))).toEqual([
    ...stop,
    "stop-container shop-web-1: replaced",
  ]);
});

it("asks no hook of a container in which nothing can run", () => {
  const project = aProject({ web: { pre_stop: [hook("drain")] } });
  const observed = observedAfterUp(project, { "shop-web-1": { state: "paused" } });
  expect(planStop(project, observed, { services: [] }).operations.map(printOperation)).toEqual([
    "stop-container shop-web-1: asked for",
  ]);
});

it("runs pre_start hooks once, in containers of their own, with the volumes of the first replica", () => {
  const project = aProject({ web: { scale: 2, pre_start: [{ ...hook("migrate"), image: "tools", user: "7" }] } });
  const { operations } = planOf(project);
  const job = operations.find((op) => op.kind === "run-job");
  expect(job?.kind === "run-job" && [job.name, job.body]).toEqual([
    "shop-web-pre_start-0",
    {
      Image: "tools",
      Cmd: ["migrate"],
      User: "7",
      Env: [],
      Labels: {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "web",
        "com.docker.compose.version": "0",
        "com.docker.compose.hook": "pre_start",
      },
      HostConfig: { VolumesFrom: ["shop-web-1"], NetworkMode: "shop_default" },
      NetworkingConfig: { EndpointsConfig: { shop_default: {} } },
    },
  ]);
  const starts = operations.filter((op) => op.kind === "start-container");
  expect(starts.map((op) => op.after.includes(job?.id ?? ""))).toEqual([true, true]);
  expect(operations.some((op) => op.kind === "pull-image" && op.image === "tools")).toBe(true);
});

it("runs no pre_start hook while a replica runs, nor for a new replica beside it", () => {
  const project = aProject({ web: { pre_start: [hook("migrate")] } });
  const lines = upLines(project, observedAfterUp(project), { scale: new Map([["web", 2]]) });
  expect(lines.filter((line) => line.startsWith("run-job"))).toEqual([]);
});

it("removes what a failed hook has left before the next try, and on down", () => {
  const project = aProject({ web: { pre_start: [hook("migrate")] } });
  const clean = observedAfterUp(project, { "shop-web-1": { state: "created" } });
  const [web] = clean.containers;
  if (!web) throw new Error("no container");
  const left = { ...web, id: "left", name: "shop-web-pre_start-0", number: 0, isOneOff: true, isHook: true };
  const observed = { ...clean, containers: [...clean.containers, { ...left, state: "exited" as const }] };
  const lines = upLines(project, observed);
  expect(lines.indexOf("remove-container shop-web-pre_start-0: left by a hook that failed")).toBe(0);
  expect(lines.some((line) => line.startsWith("run-job pre_start[0]"))).toBe(true);
  expect(planDown(project, observed, down).operations.map(printOperation)).toContain(
    "remove-container shop-web-pre_start-0: project goes down",
  );
});

it("refuses per_replica before anything is planned", () => {
  const project = aProject({ web: { pre_start: [{ ...hook("x"), per_replica: true }] } });
  expect(() => planOf(project)).toThrow("services.web.pre_start[0].per_replica is not supported");
});
