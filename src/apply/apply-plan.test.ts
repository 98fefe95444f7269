import { expect, it } from "vitest";
import { systemClock } from "../base/clock.js";
import { GantryError } from "../base/errors.js";
import type { Project } from "../compose/project.js";
import type { ObservedState } from "../plan/observed.js";
import { aProject, observedAfterUp, onlyImages } from "../plan/plan.fixture.js";
import { planUp } from "../plan/plan-up.js";
import { defaultUpOptions, type UpOptions } from "../plan/up-options.js";
import type { ApplyEvent } from "./apply-events.js";
import { applyPlan } from "./apply-plan.js";
import { FakeEngine } from "./fake-engine.fixture.js";

const healthcheck = { test: ["CMD", "true"] };
const healthy = { condition: "service_healthy" } as const;
const completed = { condition: "service_completed_successfully" } as const;

async function up(
  project: Project,
  engine: FakeEngine,
  more: {
    options?: Partial<UpOptions>;
    signal?: AbortSignal;
    parallel?: number;
    forced?: AbortSignal;
    secrets?: Project;
    observed?: ObservedState;
    beforeStart?: () => Promise<void>;
  } = {},
) {
  const plan = planUp(project, more.observed ?? onlyImages, { ...defaultUpOptions, ...more.options });
  const events: ApplyEvent[] = [];
  const result = await applyPlan(plan, engine.client, {
    command: "up",
    clock: systemClock,
    signal: more.signal ?? new AbortController().signal,
    emit: (event) => events.push(event),
    ...(more.parallel ? { parallel: more.parallel } : {}),
    ...(more.forced ? { forced: more.forced } : {}),
    ...(more.secrets ? { secrets: more.secrets } : {}),
    ...(more.beforeStart ? { beforeStart: more.beforeStart } : {}),
  });
  return { ...result, events, started: engine.calls.filter((call) => call.startsWith("start")) };
}

it("runs independent branches side by side and respects the order within each", async () => {
  const engine = new FakeEngine();
  const { outcome } = await up(aProject({ a: {}, b: {}, c: {} }), engine);
  expect(outcome).toBe("succeeded");
  expect(engine.calls[0]).toBe("create-network shop_default");
  expect(engine.mostInFlight).toBe(3);
  for (const name of ["a", "b", "c"]) {
    expect(engine.calls.indexOf(`start shop-${name}-1`)).toBeGreaterThan(engine.calls.indexOf(`create shop-${name}-1`));
  }
});

it("begins nothing when the engine lacks what a service asks for, and names it", async () => {
  const engine = new FakeEngine();
  engine.identity = { kind: "docker", version: "20.10.24", apiVersion: "1.41" };
  const { outcome, failures } = await up(
    aProject({ db: {}, web: { healthcheck: { ...healthcheck, start_interval: 1e9 }, annotations: { a: "b" } } }),
    engine,
  );
  expect(outcome).toBe("failed");
  expect(engine.calls).toEqual([]);
  expect(failures).toMatchObject([{ code: "not-supported", service: "web" }]);
  expect(failures[0]?.message).toBe(
    "Docker 20.10.24 (API 1.41) cannot do this: healthcheck.start_interval; annotations; nothing was changed",
  );
});

it("begins nothing when a host port that it needs is taken, and says by whom", async () => {
  const engine = new FakeEngine();
  engine.takenPorts = [{ HostIp: "", HostPort: "8080", Type: "tcp", Container: "0123456789abcdef" }];
  const port = { target: 80, published: "8080", protocol: "tcp", mode: "ingress" } as const;
  const { outcome, failures } = await up(aProject({ db: {}, web: { ports: [port] } }), engine);
  expect(outcome).toBe("failed");
  expect(engine.calls).toEqual([]);
  expect(failures).toMatchObject([
    {
      code: "port-in-use",
      service: "web",
      message: "Port 8080 is already in use by container 0123456789ab; nothing was changed",
    },
  ]);
});

it("begins nothing when replicas of a service would publish one host port", async () => {
  const engine = new FakeEngine();
  const port = { target: 80, published: "8080", protocol: "tcp", mode: "ingress" } as const;
  const { outcome, failures } = await up(aProject({ web: { ports: [port], scale: 2 } }), engine);
  expect(outcome).toBe("failed");
  expect(engine.calls).toEqual([]);
  expect(failures.map(({ message }) => message)).toEqual([
    "Several containers of web want port 8080; nothing was changed",
  ]);
});

it("keeps to the limit of calls at a time", async () => {
  const engine = new FakeEngine();
  await up(aProject({ a: {}, b: {}, c: {}, d: {} }), engine, { parallel: 2 });
  expect(engine.mostInFlight).toBe(2);
});

it("starts a dependent when its dependency reports healthy, and says what it waits for", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => {
    if (name === "shop-db-1") setTimeout(() => engine.becomeHealthy(name), 20);
  };
  const { outcome, events, started } = await up(
    aProject({ db: { healthcheck }, web: { depends_on: { db: healthy } } }),
    engine,
  );
  expect(outcome).toBe("succeeded");
  expect(started).toEqual(["start shop-db-1", "start shop-web-1"]);
  expect(events).toContainEqual(expect.objectContaining({ kind: "waiting", waitsFor: "db to be healthy" }));
  expect(events).toContainEqual(expect.objectContaining({ kind: "done", action: "Healthy" }));
});

it("does not miss a container that is healthy before anybody waits", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => engine.becomeHealthy(name);
  const { outcome } = await up(aProject({ db: { healthcheck }, web: { depends_on: { db: healthy } } }), engine);
  expect(outcome).toBe("succeeded");
});

it("lets dependents of a job run when it has completed", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => {
    if (name === "shop-job-1") setTimeout(() => engine.exit(name, 0), 10);
  };
  const { outcome, started } = await up(aProject({ job: {}, web: { depends_on: { job: completed } } }), engine);
  expect(outcome).toBe("succeeded");
  expect(started).toEqual(["start shop-job-1", "start shop-web-1"]);
});

it("tells on one card why a dependency failed and what is held back, and finishes other branches", async () => {
  const engine = new FakeEngine();
  engine.logText = "migrating\nboom\n";
  engine.onStart = ({ name }) => {
    if (name === "shop-job-1") setTimeout(() => engine.exit(name, 137), 10);
  };
  const project = aProject({
    job: {},
    web: { depends_on: { job: completed } },
    edge: { depends_on: { web: {} } },
    other: {},
  });
  const { outcome, failures, events, started } = await up(project, engine);
  expect(outcome).toBe("failed");
  expect(started).toEqual(["start shop-job-1", "start shop-other-1"]);
  expect(failures).toEqual([
    {
      code: "dependency-failed",
      message: "container shop-job-1 exited (137)",
      service: "job",
      container: "shop-job-1",
      phase: "wait",
      exitCode: 137,
      signal: "SIGKILL",
      lastLogLines: ["migrating", "boom"],
      heldBack: ["edge", "web"],
      hint: "See the whole log with: gantry logs job",
    },
  ]);
  const heldBack = events.filter((event) => event.kind === "held-back").map((event) => event.operation);
  expect(heldBack).toEqual(["start-container shop-web-1", "start-container shop-edge-1"]);
});

it("shows the last probe's output of a container that is unhealthy", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => setTimeout(() => engine.becomeHealthy(name, "unhealthy"), 5);
  const project = aProject({ db: { healthcheck }, web: { depends_on: { db: healthy } } });
  const { failures } = await up(project, engine);
  expect(failures[0]).toMatchObject({ code: "unhealthy", phase: "health", lastProbeOutput: "connection refused" });
  expect(failures[0]?.lastProbes).toEqual([
    { at: "2026-01-01T00:00:00Z", durationMs: 250, exitCode: 1, output: "connection refused" },
  ]);
});

it("shows the container of several that is to blame", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => {
    if (name === "shop-db-1") engine.becomeHealthy(name);
    else setTimeout(() => engine.becomeHealthy(name, "unhealthy"), 5);
  };
  const project = aProject({ db: { healthcheck, scale: 2 }, web: { depends_on: { db: healthy } } });
  const { failures } = await up(project, engine);
  expect(failures).toMatchObject([{ container: "shop-db-2", message: "container shop-db-2 is unhealthy" }]);
});

it("tells of every failure, each on its card", async () => {
  const engine = new FakeEngine();
  engine.failures.set("start shop-a-1", new GantryError("port-in-use", "Port 80 is in use"));
  engine.failures.set("start shop-b-1", new GantryError("command-not-found", "exec: nope"));
  const { failures } = await up(aProject({ a: {}, b: {}, c: {} }), engine);
  expect(failures.map(({ service, code }) => `${service} ${code}`).sort()).toEqual([
    "a port-in-use",
    "b command-not-found",
  ]);
});

it("takes secrets out of everything on a card", async () => {
  const engine = new FakeEngine();
  engine.logText = "connecting with hunter2hunter2 (aHVudGVyMmh1bnRlcjI=)\npassword=other\n";
  engine.onStart = ({ name }) => engine.exit(name, 1);
  const secret = { key: "db", name: "db", environment: "DB_SECRET", external: false };
  const project = aProject(
    { job: {}, web: { depends_on: { job: completed } } },
    { secrets: new Map([["db", secret]]), environment: { DB_SECRET: "hunter2hunter2" } },
  );
  const { failures } = await up(project, engine, { secrets: project });
  expect(failures[0]?.lastLogLines).toEqual(["connecting with *** (***)", "password=***"]);
});

it("fails at once when health is asked of a container that has no check", async () => {
  const { failures } = await up(aProject({ db: {}, web: { depends_on: { db: healthy } } }), new FakeEngine());
  expect(failures[0]?.message).toBe("container shop-db-1 has no healthcheck configured");
});

it("goes on when a dependency fails that is not required", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => {
    if (name === "shop-job-1") engine.exit(name, 1);
  };
  const project = aProject({ job: {}, web: { depends_on: { job: { ...completed, required: false } } } });
  const { outcome, started, events } = await up(project, engine);
  expect(outcome).toBe("succeeded");
  expect(started).toContain("start shop-web-1");
  expect(events).toContainEqual(expect.objectContaining({ kind: "warning" }));
  const gate = events.find((event) => event.kind === "failed");
  expect(gate).toMatchObject({ operation: "wait-for job completed", optional: true });
});

it("only warns when what merely may be there cannot start, unless it was asked for by name", async () => {
  const project = aProject({ db: {}, web: { depends_on: { db: { required: false } } } });
  for (const [services, outcome, failed] of [
    [["web"], "succeeded", 0] as const,
    [["web", "db"], "failed", 1] as const,
  ]) {
    const engine = new FakeEngine();
    engine.failures.set("start shop-db-1", new GantryError("command-not-found", "nope"));
    const result = await up(project, engine, { options: { services } });
    expect([result.outcome, result.failures.length]).toEqual([outcome, failed]);
    expect(result.started).toContain("start shop-web-1");
  }
});

it("names what --wait waits for, and for how long at most", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => void setTimeout(() => engine.becomeHealthy(name), 5);
  const options = { wait: true, waitTimeoutMs: 5000 };
  const { outcome, events } = await up(aProject({ db: { healthcheck } }), engine, { options });
  expect(outcome).toBe("succeeded");
  const said = events.flatMap((event) => (event.kind === "waiting" ? [event.waitsFor] : []));
  expect(said).toEqual(["db to be running or healthy, at most 5.0s"]);
  expect(events).toContainEqual(expect.objectContaining({ kind: "progress", text: "shop-db-1 is starting" }));
});

it("takes a job that ended with 0 for done when it waits for all", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => void setTimeout(() => engine.exit(name, 0), 5);
  const { outcome } = await up(aProject({ job: {} }), engine, { options: { wait: true } });
  expect(outcome).toBe("succeeded");
});

it("does not take a container for running that ends right after its start", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => void setTimeout(() => engine.exit(name, 3), 50);
  const { outcome, failures } = await up(aProject({ web: {} }), engine, { options: { wait: true } });
  expect([outcome, failures[0]?.message]).toEqual(["failed", "container shop-web-1 exited (3)"]);
});

it("gives up a wait at its timeout", async () => {
  const project = aProject({ db: { healthcheck }, web: { depends_on: { db: healthy } } });
  const { failures } = await up(project, new FakeEngine(), { options: { waitTimeoutMs: 20 } });
  expect(failures[0]).toMatchObject({
    code: "wait-timeout",
    message: "timeout waiting for shop-db-1 to be healthy after 0.0s: it is starting",
  });
});

it("names at a timeout only those that kept it waiting, each as it is", async () => {
  const engine = new FakeEngine();
  engine.onStart = ({ name }) => {
    if (name === "shop-db-1") engine.becomeHealthy(name);
  };
  const project = aProject({ db: { healthcheck, scale: 3 }, web: { depends_on: { db: healthy } } });
  const { failures } = await up(project, engine, { options: { waitTimeoutMs: 30 } });
  expect(failures[0]?.message).toBe(
    "timeout waiting for shop-db-2, shop-db-3 to be healthy after 0.0s: shop-db-2 is starting, shop-db-3 is starting",
  );
});

it("starts nothing new after an abort, and says that it was cancelled", async () => {
  const engine = new FakeEngine();
  const abort = new AbortController();
  engine.onStart = () => setTimeout(() => abort.abort(), 10);
  const project = aProject({ db: { healthcheck }, web: { depends_on: { db: healthy } } });
  const { outcome, failures, events, started } = await up(project, engine, { signal: abort.signal });
  expect(outcome).toBe("cancelled");
  expect(failures).toEqual([]);
  expect(started).toEqual(["start shop-db-1"]);
  expect(events.at(-1)).toMatchObject({ kind: "run-ended", outcome: "cancelled" });
});

it("lets a quick call finish when it is aborted in the middle", async () => {
  const engine = new FakeEngine();
  engine.callMs = 20;
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 5);
  const { outcome, events } = await up(aProject({ a: {} }), engine, { signal: abort.signal });
  expect(outcome).toBe("cancelled");
  expect(events).toContainEqual(expect.objectContaining({ kind: "done", operation: "create-network shop_default" }));
  expect(engine.calls).toEqual(["create-network shop_default"]);
});

/** A container of `web` that has to be replaced, and an engine that has it. */
function aReplacement() {
  const engine = new FakeEngine();
  engine.callMs = 5;
  const old = engine.add("shop-web-1", {}, "running");
  const observed = observedAfterUp(aProject({ web: {} }), { "shop-web-1": { id: old.id } });
  return { engine, observed, project: aProject({ web: { environment: { NEW: "1" } } }) };
}

it("completes a replacement when it is aborted while the old container stops", async () => {
  const { engine, observed, project } = aReplacement();
  const abort = new AbortController();
  engine.onCall = (text) => {
    if (text.startsWith("stop")) abort.abort();
  };
  const { outcome, events } = await up(project, engine, { observed, signal: abort.signal });
  expect(outcome).toBe("cancelled");
  expect(engine.calls.map((call) => call.split(" ")[0])).toEqual(["create", "stop", "remove", "rename", "start"]);
  expect([...engine.containers.values()].map(({ name, status }) => [name, status])).toEqual([
    ["shop-web-1", "running"],
  ]);
  expect(events.at(-1)).toMatchObject({ kind: "run-ended", outcome: "cancelled", done: 5 });
});

it("takes a replacement away again when it is aborted before the old container was touched", async () => {
  const { engine, observed, project } = aReplacement();
  const abort = new AbortController();
  engine.onCall = (text) => {
    if (text.startsWith("create")) abort.abort();
  };
  const { outcome, events } = await up(project, engine, { observed, signal: abort.signal });
  expect(outcome).toBe("cancelled");
  expect([...engine.containers.values()].map(({ name, status }) => [name, status])).toEqual([
    ["shop-web-1", "running"],
  ]);
  expect(events).toContainEqual(expect.objectContaining({ kind: "undone" }));
});

it("waits for nothing after a forced abort", async () => {
  const engine = new FakeEngine();
  engine.callMs = 60_000;
  const [abort, force] = [new AbortController(), new AbortController()];
  engine.onCall = () => {
    abort.abort();
    force.abort();
  };
  const { outcome } = await up(aProject({ a: {} }), engine, { signal: abort.signal, forced: force.signal });
  expect(outcome).toBe("cancelled");
});

it("records the image that was pulled on the containers made from it", async () => {
  const engine = new FakeEngine();
  await up(aProject({ web: { image: "nginx" } }), engine);
  const [web] = engine.containers.values();
  expect(web?.body.Labels?.["com.docker.compose.image"]).toBe("sha256:nginx");
});

it("names the command and the place when a container cannot start", async () => {
  const engine = new FakeEngine();
  engine.failures.set("start shop-web-1", new GantryError("command-not-found", 'exec: "nope": not found'));
  const { failures } = await up(aProject({ web: {} }), engine);
  expect(failures[0]).toMatchObject({ code: "command-not-found", service: "web", phase: "start", lastLogLines: [] });
  expect(failures[0]?.hint).toContain('Check "command" and "entrypoint"');
});

it("holds back the services of an image that cannot be pulled, and runs the rest", async () => {
  const engine = new FakeEngine();
  engine.failures.set("pull nope", new GantryError("image-not-found", "manifest unknown: nope"));
  const { failures, started } = await up(aProject({ web: { image: "nope" }, db: {} }), engine);
  expect(failures[0]).toMatchObject({ code: "image-not-found", phase: "pull", service: "web", heldBack: ["web"] });
  expect(started).toEqual(["start shop-db-1"]);
});

it("calls back before each start", async () => {
  const engine = new FakeEngine();
  await up(aProject({ web: {} }), engine, { beforeStart: async () => void engine.calls.push("attach") });
  expect(engine.calls.slice(-2)).toEqual(["attach", "start shop-web-1"]);
});
