import { expect, it } from "vitest";
import type { Service } from "../../compose/project.js";
import { aProject, edgesOf, observedAfterUp, upLines } from "../plan.fixture.js";

const follows = (name: string) => ({ [name]: { restart: true } });
const chain = (db: object) =>
  aProject({
    db,
    web: { depends_on: follows("db") },
    edge: { depends_on: follows("web") },
    other: { depends_on: { db: {} } },
  });
const observed = observedAfterUp(chain({}));
const changed = chain({ environment: { NEW: "1" } });
const about = (lines: readonly string[]) => lines.filter((line) => /^(stop|start)-/.test(line));

it("restarts what asks for it, from service to service, and nothing else", () => {
  expect(about(upLines(changed, observed)).sort()).toEqual([
    "start-container shop-db-1: container was replaced",
    "start-container shop-edge-1: was stopped for this change",
    "start-container shop-web-1: was stopped for this change",
    "stop-container shop-db-1: replaced",
    "stop-container shop-edge-1: restarts with web",
    "stop-container shop-web-1: restarts with db",
  ]);
});

it("stops followers first, and starts them last", () => {
  const edges = edgesOf(changed, observed);
  expect(edges.get("stop-container shop-web-1")).toContain("(stop-container shop-edge-1)");
  expect(edges.get("stop-container shop-db-1")).toContain("stop-container shop-web-1");
  expect(edges.get("start-container shop-web-1")).toContain("start-container shop-db-1");
  expect(edges.get("start-container shop-edge-1")).toContain("start-container shop-web-1");
});

it("restarts followers that were not named, after what they depend on, unless dependencies are left out", () => {
  const services = ["db"];
  const lines = about(upLines(changed, observed, { services }));
  expect(lines).toContain("start-container shop-web-1: was stopped for this change");
  expect(edgesOf(changed, observed, { services }).get("start-container shop-web-1")).toContain(
    "start-container shop-db-1",
  );
  expect(about(upLines(changed, observed, { services, noDeps: true })).join()).not.toContain("web");
});

it("leaves followers running when nothing is to be started, and those that are down alone", () => {
  expect(about(upLines(changed, observed, { noStart: true })).join()).not.toContain("web");
  const down = observedAfterUp(chain({}), { "shop-web-1": { state: "exited", exitCode: 0, wasStopped: false } });
  expect(about(upLines(changed, down)).join()).not.toMatch(/web|edge/);
});

it("restarts followers once an update by update_config is through, and none of them is down meanwhile", () => {
  const update_config = { order: "start-first", monitor: 0 } as const;
  const updated = chain({ environment: { NEW: "1" }, update_config });
  const state = { ...observed, takesOver: true };
  expect(about(upLines(updated, state)).join()).not.toMatch(/web|edge|other/);
  const edges = edgesOf(updated, state);
  expect(edges.get("restart-container shop-web-1")).toEqual(["take-over shop-db-1"]);
  expect(edges.get("restart-container shop-edge-1")).toEqual(["restart-container shop-web-1"]);
  expect(edges.has("restart-container shop-other-1")).toBe(false);
  expect(edgesOf(updated, state, { services: ["db"] }).get("restart-container shop-web-1")).toBeDefined();
  expect(edgesOf(updated, state, { services: ["db"], noDeps: true }).has("restart-container shop-web-1")).toBe(false);
});

it("restarts a follower that stops for another reason no second time", () => {
  const update_config = { order: "start-first", monitor: 0 } as const;
  const both = chain({ environment: { NEW: "1" }, update_config });
  const made = new Map(both.services).set("web", { ...both.services.get("web"), user: "7" } as Service);
  const lines = upLines({ ...both, services: made }, { ...observed, takesOver: true });
  expect(lines.filter((line) => line.startsWith("restart-"))).toEqual([]);
  expect(about(lines)).toContain("stop-container shop-edge-1: restarts with web");
});
