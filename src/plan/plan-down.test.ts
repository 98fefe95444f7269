import { expect, it } from "vitest";
import type { ObservedState } from "./observed.js";
import { aProject, aVolume, observedAfterUp } from "./plan.fixture.js";
import { type DownOptions, planDown } from "./plan-down.js";
import { planKill, planRemove, planRestart, planStart, planStop } from "./plan-lifecycle.js";
import { printOperation } from "./print-plan.js";
import { rebuildProject } from "./service/rebuilt-project.js";

const plainDown: DownOptions = { services: [], volumes: false, removeOrphans: false };
const mount = { type: "volume", source: "data", target: "/data", read_only: false } as const;
const project = aProject(
  { db: { volumes: [mount] }, web: { depends_on: { db: {} } } },
  { volumes: new Map([["data", aVolume("data")]]) },
);
const observed = observedAfterUp(project);

const lines = (state: ObservedState, options: Partial<DownOptions> = {}) =>
  planDown(project, state, { ...plainDown, ...options }).operations.map(printOperation);

it("stops dependents before what they depend on, then removes containers, then networks", () => {
  expect(lines(observed)).toEqual([
    "stop-container shop-web-1: project goes down",
    "remove-container shop-web-1: project goes down",
    "stop-container shop-db-1: project goes down",
    "remove-container shop-db-1: project goes down",
    "remove-network shop_default: project goes down",
  ]);
  const stop = planDown(project, observed, plainDown).operations.find((op) => op.id === "stop-container shop-db-1");
  expect(stop?.settled).toEqual(["stop-container shop-web-1"]);
});

it("takes replicas by their number, whatever order the engine lists them in", () => {
  const many = aProject({ web: { scale: 11 } });
  const { containers, ...rest } = observedAfterUp(many);
  const byName = { ...rest, containers: [...containers].sort((a, b) => (a.name < b.name ? -1 : 1)) };
  const stops = planDown(many, byName, plainDown).operations.filter((op) => op.kind === "stop-container");
  expect(stops.map(({ id }) => id.split("-").at(-1))).toEqual([
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "11",
  ]);
});

it("removes volumes only when asked to, and never external ones", () => {
  expect(lines(observed, { volumes: true }).at(-1)).toBe("remove-volume shop_data: --volumes");
  expect(lines(observed).join()).not.toContain("remove-volume");
});

it("takes down named services only, and leaves the network", () => {
  expect(lines(observed, { services: ["web"] })).toEqual([
    "stop-container shop-web-1: project goes down",
    "remove-container shop-web-1: project goes down",
  ]);
  expect(() => lines(observed, { services: ["nope"] })).toThrow("no such service: nope");
});

it("works from labels alone", () => {
  const rebuilt = rebuildProject("shop", observed);
  const plan = planDown(rebuilt, observed, { ...plainDown, volumes: true });
  expect(plan.operations.map((op) => op.id)).toEqual([
    "stop-container shop-web-1",
    "remove-container shop-web-1",
    "stop-container shop-db-1",
    "remove-container shop-db-1",
    "remove-network shop_default",
    "remove-volume shop_data",
  ]);
});

it("has nothing to do where nothing is", () => {
  expect(lines({ ...observed, containers: [], networks: [], volumes: [] })).toEqual([]);
});

it("stops in reverse order and starts in order", () => {
  const stops = planStop(project, observed, { services: [] }).operations;
  expect(stops.map((op) => op.id)).toEqual(["stop-container shop-web-1", "stop-container shop-db-1"]);
  const down = observedAfterUp(project, { "shop-db-1": { state: "exited" }, "shop-web-1": { state: "exited" } });
  const starts = planStart(project, down, { services: ["web"], wait: false }).operations;
  expect(starts.map((op) => [op.id, op.after])).toEqual([
    ["start-container shop-db-1", []],
    ["start-container shop-web-1", ["start-container shop-db-1"]],
  ]);
  const nothing = { ...observed, containers: [] };
  expect(() => planStart(project, nothing, { services: [], wait: false })).toThrow('service "db" has no container');
});

it("restarts dependents that ask for it after their dependency", () => {
  const linked = aProject({ db: {}, web: { depends_on: { db: { restart: true } } } });
  const state = observedAfterUp(linked);
  const ids = (noDeps: boolean) =>
    planRestart(linked, state, { services: ["db"], noDeps }).operations.map((op) => op.id);
  expect(ids(false)).toEqual(["restart-container shop-db-1", "restart-container shop-web-1"]);
  expect(ids(true)).toEqual(["restart-container shop-db-1"]);
});

it("kills what runs, and removes what does not", () => {
  const state = observedAfterUp(project, { "shop-web-1": { state: "exited" } });
  const kill = planKill(project, state, { services: [], signal: "SIGTERM", removeOrphans: false });
  expect(kill.operations.map((op) => op.id)).toEqual(["kill-container shop-db-1"]);
  const remove = planRemove(project, state, { services: [], stop: false, volumes: false });
  expect(remove.operations.map((op) => op.id)).toEqual(["remove-container shop-web-1"]);
  expect(planRemove(project, state, { services: [], stop: true, volumes: false }).operations).toHaveLength(3);
});
