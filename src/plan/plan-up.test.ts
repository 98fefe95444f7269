import { expect, it } from "vitest";
import {
  aNetwork,
  anImage,
  aProject,
  aVolume,
  edgesOf,
  observedAfterUp,
  offNetworks,
  onlyImages,
  upLines,
} from "./plan.fixture.js";
import { planUp } from "./plan-up.js";
import { printPlan } from "./print-plan.js";
import { mustPullFirst } from "./stages/stages.js";
import { defaultUpOptions } from "./up-options.js";

const healthy = { condition: "service_healthy" } as const;
const completed = { condition: "service_completed_successfully" } as const;

it("creates networks and volumes, then containers, then starts them", () => {
  const mount = { type: "volume", source: "data", target: "/data", read_only: false } as const;
  const project = aProject({ web: { volumes: [mount] } }, { volumes: new Map([["data", aVolume("data")]]) });
  expect(upLines(project, onlyImages)).toEqual([
    "create-network shop_default: network is missing",
    "create-volume shop_data: volume is missing",
    "create-container shop-web-1: container is missing",
    "start-container shop-web-1: container is new",
  ]);
  expect(edgesOf(project, onlyImages).get("create-container shop-web-1")).toEqual([
    "create-network shop_default",
    "create-volume shop_data",
  ]);
});

it("does nothing when everything is as desired", () => {
  const project = aProject({ web: { depends_on: { db: healthy } }, db: {} });
  const observed = observedAfterUp(project);
  expect(upLines(project, observed)).toEqual([]);
  expect(printPlan(planUp(project, observed, defaultUpOptions), { baseDir: "/" })).toBe("shop: nothing to do\n");
});

it("pulls a missing image once, however many services use it, and only their containers wait for it", () => {
  const project = aProject({ a: { image: "nginx" }, b: { image: "nginx" }, c: {} });
  const edges = edgesOf(project, onlyImages);
  expect([...edges.keys()].filter((id) => id.startsWith("pull-image"))).toEqual(["pull-image nginx"]);
  expect(edges.get("create-container shop-b-1")).toContain("pull-image nginx");
  expect(edges.get("create-container shop-c-1")).toEqual(["create-network shop_default"]);
});

it("recreates a changed service and nothing else, naming the field and its place", () => {
  const before = aProject({ web: { environment: { LEVEL: "info" } }, db: {} });
  const observed = observedAfterUp(before);
  const sources = new Map([
    ["services.web.environment.LEVEL", [{ file: "/src/shop/compose.yaml", line: 7, column: 9 }]],
    ["services.web", [{ file: "/src/shop/compose.yaml", line: 2, column: 3 }]],
  ]);
  const project = aProject({ web: { environment: { LEVEL: "debug" } }, db: {} }, { sources });
  const images = new Map([["busybox", anImage("sha256:1111", { Env: ["PATH=/bin"] })]]);
  const text = printPlan(planUp(project, { ...observed, images }, defaultUpOptions), {
    baseDir: "/src/shop",
  });
  const change = "configuration changed: services.web.environment.LEVEL: info → debug (compose.yaml:7)";
  expect(text).toBe(
    [
      "shop: 5 operations (0 to add, 5 to change, 0 to remove)",
      `  ~ recreate container shop-web-1   ${change}`,
      "  ~ stop container shop-web-1       replaced",
      "  ~ remove container shop-web-1     replaced",
      `  ~ rename container to shop-web-1  ${change}`,
      "  ~ start container shop-web-1      container was replaced (compose.yaml:2)",
      "",
    ].join("\n"),
  );
});

it("creates a replacement beside the old container, and starts it when the name is free", () => {
  const project = aProject({ web: { command: ["two"] } });
  const observed = observedAfterUp(aProject({ web: { command: ["one"] } }));
  const edges = edgesOf(project, observed);
  expect([...edges]).toEqual([
    ["create-container shop-web-1", []],
    ["stop-container shop-web-1", ["create-container shop-web-1"]],
    ["remove-container shop-web-1", ["create-container shop-web-1", "stop-container shop-web-1"]],
    ["rename-container shop-web-1", ["remove-container shop-web-1"]],
    ["start-container shop-web-1", ["rename-container shop-web-1"]],
  ]);
});

it("never shows the values of variables that look like credentials", () => {
  const project = aProject({ web: { environment: { DB_PASSWORD: "tiger" } } });
  const observed = observedAfterUp(aProject({ web: { environment: { DB_PASSWORD: "scott" } } }));
  const lines = upLines(project, observed).join("\n");
  expect(lines).toContain("services.web.environment.DB_PASSWORD: (hidden) → (hidden)");
  expect(lines).not.toMatch(/tiger|scott/);
});

it("recreates when the image behind the name is another one", () => {
  const project = aProject({ web: {} });
  const observed = { ...observedAfterUp(project), images: new Map([["busybox", anImage("sha256:2222")]]) };
  expect(upLines(project, observed)[0]).toBe(
    "create-container shop-web-1: image changed (services.web.image: 1111 → 2222)",
  );
});

it("brings a volume back from the trash that half a removal has put there, rather than making it anew", () => {
  const mount = { type: "volume", source: "data", target: "/data", read_only: false } as const;
  const project = aProject({ web: { volumes: [mount] } }, { volumes: new Map([["data", aVolume("data")]]) });
  const facts = { project: "shop", labels: {}, sizeBytes: 1, trashedAt: "", expiresAt: "" };
  const halfRemoved = new Map([["shop_data", { id: "t1", name: "shop_data", generation: 4, ...facts }]]);
  const { operations, warnings } = planUp(project, { ...onlyImages, halfRemoved }, defaultUpOptions);
  const restored = "restore-volume shop_data";
  expect(operations.find(({ id }) => id === restored)).toMatchObject({ trashId: "t1" });
  expect(operations.find(({ kind }) => kind === "create-container")?.after).toContain(restored);
  expect(operations.some(({ kind }) => kind === "create-volume")).toBe(false);
  expect(warnings).toEqual([
    expect.objectContaining({
      message: "Volume shop_data comes back from the trash: generation 4, which took it away, ended halfway.",
    }),
  ]);
});

it("connects a container that lost its network, and recreates one that lost its volume", () => {
  const mount = { type: "volume", source: "data", target: "/data", read_only: false } as const;
  const project = aProject({ web: { volumes: [mount] } }, { volumes: new Map([["data", aVolume("data")]]) });
  const observed = observedAfterUp(project);
  expect(upLines(project, { ...observed, containers: observed.containers.map(offNetworks) })).toEqual([
    "connect-network shop_default shop-web-1: changed by hand (services.web.networks.default: (unset) → web)",
  ]);
  const unmounted = observedAfterUp(project, { "shop-web-1": { mounts: [] } });
  expect(upLines(project, unmounted)[0]).toBe("create-container shop-web-1: volume shop_data is not mounted");
});

it("starts what has stopped or failed, without making it anew", () => {
  const project = aProject({ db: {}, web: {} });
  const observed = observedAfterUp(project, {
    "shop-db-1": { state: "exited", exitCode: 0, wasStopped: true },
    "shop-web-1": { state: "exited", exitCode: 3 },
  });
  expect(upLines(project, observed)).toEqual([
    "start-container shop-db-1: container exited with code 0",
    "start-container shop-web-1: container exited with code 3",
  ]);
});

it("does not run a job again that completed", () => {
  const project = aProject({ migrate: {}, seed: {}, web: { depends_on: { migrate: completed } } });
  const observed = observedAfterUp(project, {
    "shop-migrate-1": { state: "exited", exitCode: 0 },
    "shop-seed-1": { state: "exited", exitCode: 0, wasStopped: false },
  });
  expect(upLines(project, observed)).toEqual([]);
});

it("runs a failed job again, and lets its dependents wait for it", () => {
  const project = aProject({ migrate: {}, web: { depends_on: { migrate: completed } } });
  const observed = observedAfterUp(project, {
    "shop-migrate-1": { state: "exited", exitCode: 1 },
    "shop-web-1": { state: "created" },
  });
  expect(upLines(project, observed)).toEqual([
    "start-container shop-migrate-1: container exited with code 1",
    "wait-for migrate completed: web depends on it: service_completed_successfully",
    "start-container shop-web-1: container was never started",
  ]);
});

it("waits for health once, for all dependents, and starts unrelated services right away", () => {
  const project = aProject({
    db: {},
    api: { depends_on: { db: healthy } },
    web: { depends_on: { db: healthy } },
    log: {},
  });
  const edges = edgesOf(project, onlyImages);
  expect(edges.get("wait-for db healthy")).toEqual(["start-container shop-db-1"]);
  expect(edges.get("start-container shop-api-1")).toEqual(["create-container shop-api-1", "wait-for db healthy"]);
  expect(edges.get("start-container shop-web-1")).toEqual(["create-container shop-web-1", "wait-for db healthy"]);
  expect(edges.get("start-container shop-log-1")).toEqual(["create-container shop-log-1"]);
});

it("only lets a dependent wait for the end of a dependency that is not required", () => {
  const project = aProject({ cache: {}, web: { depends_on: { cache: { ...healthy, required: false } } } });
  expect(edgesOf(project, onlyImages).get("start-container shop-web-1")).toEqual([
    "create-container shop-web-1",
    "(wait-for cache healthy)",
  ]);
});

it("does not wait for a dependency that is healthy already", () => {
  const project = aProject({ db: {}, web: { depends_on: { db: healthy } } });
  const observed = observedAfterUp(project, { "shop-db-1": { health: "healthy" }, "shop-web-1": { state: "created" } });
  expect(upLines(project, observed)).toEqual(["start-container shop-web-1: container was never started"]);
});

it("restarts dependents that ask for it when their dependency is replaced", () => {
  const web = { depends_on: { db: { restart: true } } };
  const observed = observedAfterUp(aProject({ db: {}, web }));
  const edges = edgesOf(aProject({ db: { command: ["new"] }, web }), observed);
  expect(edges.get("stop-container shop-db-1")).toEqual(["create-container shop-db-1", "stop-container shop-web-1"]);
  expect(edges.get("start-container shop-web-1")).toEqual(["start-container shop-db-1", "stop-container shop-web-1"]);
});

it("recreates what shares the namespace of a service that is recreated", () => {
  const side = { network_mode: "service:web" };
  const observed = observedAfterUp(aProject({ web: {}, side }));
  const lines = upLines(aProject({ web: { command: ["new"] }, side }), observed);
  expect(lines).toContain("create-container shop-side-1: shares namespaces or volumes with web, which is recreated");
});

it("steps containers off a changed network before removing it, and back on after", () => {
  const observed = observedAfterUp(aProject({ web: {} }));
  const networks = new Map([["default", aNetwork("default", { internal: true })]]);
  expect(upLines(aProject({ web: {} }, { networks }), observed)).toEqual([
    "stop-container shop-web-1: network shop_default is recreated",
    "disconnect-network shop_default shop-web-1: network shop_default is recreated",
    "remove-network shop_default: network configuration changed",
    "create-network shop_default: network configuration changed",
    "connect-network shop_default shop-web-1: network shop_default is recreated",
    "start-container shop-web-1: was stopped for this change",
  ]);
});

it("keeps a volume whose definition changed, and says so", () => {
  const mount = { type: "volume", source: "data", target: "/data", read_only: false } as const;
  const volumes = new Map([["data", aVolume("data")]]);
  const observed = observedAfterUp(aProject({ web: { volumes: [mount] } }, { volumes }));
  const changed = new Map([["data", aVolume("data", { driver_opts: { type: "tmpfs" } })]]);
  const plan = planUp(aProject({ web: { volumes: [mount] } }, { volumes: changed }), observed, defaultUpOptions);
  expect(plan.operations).toEqual([]);
  expect(plan.warnings[0]?.message).toContain("The definition of volume shop_data changed");
});

it("refuses to go on without an external network or volume", () => {
  const networks = new Map([["default", aNetwork("default", { name: "edge", external: true })]]);
  expect(() => upLines(aProject({ web: {} }, { networks }), onlyImages)).toThrow("network edge declared as external");
  const mount = { type: "volume", source: "data", target: "/data", read_only: false } as const;
  const volumes = new Map([["data", aVolume("data", { external: true })]]);
  expect(() => upLines(aProject({ web: { volumes: [mount] } }, { volumes }), onlyImages)).toThrow("shop_data");
});

it("hands anonymous volumes on to the replacement, unless they are to be renewed", () => {
  const images = new Map([["busybox", anImage("sha256:1111", { Volumes: { "/cache": {} } })]]);
  const anonymous = {
    Type: "volume",
    Name: "f00",
    Source: "",
    Destination: "/cache",
    Mode: "",
    RW: true,
    Propagation: "",
  } as const;
  const observed = observedAfterUp(aProject({ web: {} }), { "shop-web-1": { mounts: [anonymous] } }, images);
  const project = aProject({ web: { command: ["new"] } });
  const bodyOf = (renewAnonymousVolumes: boolean) => {
    const plan = planUp(project, observed, { ...defaultUpOptions, renewAnonymousVolumes });
    return plan.operations.flatMap((op) => (op.kind === "create-container" ? [op.body.HostConfig?.Mounts] : []))[0];
  };
  expect(bodyOf(false)).toEqual([{ Type: "volume", Source: "f00", Target: "/cache", ReadOnly: false }]);
  expect(bodyOf(true)).toBeUndefined();
});

it("scales up above the highest number, and scales down from the top, changed ones first", () => {
  const two = observedAfterUp(aProject({ web: { scale: 2 } }));
  expect(upLines(aProject({ web: { scale: 3 } }), two)).toEqual([
    "create-container shop-web-3: container is missing",
    "start-container shop-web-3: container is new",
  ]);
  expect(upLines(aProject({ web: {} }), two)).toEqual([
    "stop-container shop-web-2: scaled to 1",
    "remove-container shop-web-2: scaled to 1",
  ]);
  const drifted = {
    ...two,
    containers: two.containers.map((c) =>
      c.number === 1 ? { ...c, networks: new Map([["shop_default", "old"]]) } : c,
    ),
  };
  expect(upLines(aProject({ web: {} }), drifted)).toEqual([
    "stop-container shop-web-1: scaled to 1",
    "remove-container shop-web-1: scaled to 1",
  ]);
  expect(upLines(aProject({ web: { scale: 2 } }), two, { scale: new Map([["web", 0]]) })).toHaveLength(4);
});

it("reports orphans, and removes them when told to", () => {
  const observed = observedAfterUp(aProject({ web: {}, old: {} }));
  const plan = planUp(aProject({ web: {} }), observed, defaultUpOptions);
  expect(plan.operations).toEqual([]);
  expect(plan.warnings[0]?.message).toBe("Found orphan containers (shop-old-1) for this project.");
  expect(upLines(aProject({ web: {} }), observed, { removeOrphans: true })).toEqual([
    'stop-container shop-old-1: orphan: no service "old"',
    'remove-container shop-old-1: orphan: no service "old"',
  ]);
  expect(upLines(aProject({ web: {} }, { disabledServices: ["old"] }), observed, { removeOrphans: true })).toEqual([]);
});

it("concerns the named services and what they depend on, or only them", () => {
  const project = aProject({ db: {}, web: { depends_on: { db: {} } }, other: {} });
  const made = (options: object) =>
    upLines(project, onlyImages, { services: ["web"], ...options }).filter((line) =>
      line.startsWith("create-container"),
    );
  expect(made({})).toHaveLength(2);
  expect(made({ noDeps: true })).toEqual(["create-container shop-web-1: container is missing"]);
  expect(() => upLines(project, onlyImages, { services: ["nope"] })).toThrow("no such service: nope");
});

it("recreates all or nothing when told to, and creates without starting", () => {
  const project = aProject({ web: {} });
  const observed = observedAfterUp(project);
  expect(upLines(project, observed, { forceRecreate: true })[0]).toBe("create-container shop-web-1: --force-recreate");
  expect(upLines(aProject({ web: { command: ["new"] } }), observed, { noRecreate: true })).toEqual([]);
  expect(upLines(project, onlyImages, { noStart: true }).some((line) => line.startsWith("start"))).toBe(false);
});

it("finishes a replacement that was interrupted, whichever half was done", () => {
  const project = aProject({ web: {} });
  const half = observedAfterUp(project, { "shop-web-1": { name: "0123456789ab_shop-web-1", state: "created" } });
  expect(upLines(project, half)).toEqual([
    "rename-container shop-web-1: a replacement was interrupted before it got its name",
    "start-container shop-web-1: container was never started",
  ]);
  const whole = observedAfterUp(project);
  const [web] = whole.containers;
  const leftover = web && { ...web, id: "id-2", name: "0123456789ab_shop-web-1", state: "created" as const };
  const both = { ...whole, containers: leftover ? [...whole.containers, leftover] : [] };
  expect(upLines(project, both)).toEqual([
    "remove-container 0123456789ab_shop-web-1: left by an interrupted replacement",
  ]);
});

it("puts back on a changed network what an interrupted change had taken off it", () => {
  const before = aProject({ web: {} });
  const network = (labels: Record<string, string>) => ({
    networks: new Map([["default", aNetwork("default", { labels })]]),
  });
  const observed = observedAfterUp(before, { "shop-web-1": { state: "exited", networks: new Map() } });
  expect(upLines(aProject({ web: {} }, network({ a: "b" })), observed)).toEqual([
    "remove-network shop_default: network configuration changed",
    "create-network shop_default: network configuration changed",
    "connect-network shop_default shop-web-1: network shop_default is recreated",
    "start-container shop-web-1: container is not running",
  ]);
});

it("makes a replacement once what an interrupted one left under its name is removed", () => {
  // The same replacement again failed with a conflict of names, and everything behind it was held back.
  const observed = observedAfterUp(aProject({ web: {} }), { "shop-web-1": { id: "0123456789abcdef" } });
  const [web] = observed.containers;
  const leftover = web && { ...web, id: "id-2", name: "0123456789ab_shop-web-1", state: "created" as const };
  const both = { ...observed, containers: leftover ? [...observed.containers, leftover] : [] };
  // Its start may still be under way: then a removal without force fails.
  const { operations } = planUp(aProject({ web: {} }), both, defaultUpOptions);
  expect(operations).toMatchObject([{ kind: "remove-container", container: { id: "id-2" }, force: true }]);
  const edges = edgesOf(aProject({ web: { environment: { A: "b" } } }), both);
  expect(edges.get("create-container shop-web-1")).toContain("remove-container 0123456789ab_shop-web-1");
});

it("ends with a wait for every service when asked to", () => {
  const project = aProject({ job: {}, web: { depends_on: { job: completed } } });
  expect(upLines(project, onlyImages, { wait: true }).slice(-2)).toEqual([
    "start-container shop-web-1: container is new",
    "wait-for web running-or-healthy: --wait",
  ]);
});

it("waits once for a service whose health a dependent and --wait both ask for", () => {
  const project = aProject({ db: {}, web: { depends_on: { db: healthy } } });
  const waits = upLines(project, onlyImages, { wait: true }).filter((line) => line.startsWith("wait-for"));
  expect(waits).toEqual([
    "wait-for db healthy: web depends on it: service_healthy",
    "wait-for web running-or-healthy: --wait",
  ]);
});

it("must pull before planning when a pull may change what runs", () => {
  const project = aProject({ web: { pull_policy: "always" } });
  expect(mustPullFirst(project, onlyImages, defaultUpOptions)).toBe(false);
  expect(mustPullFirst(project, observedAfterUp(aProject({ web: {} })), defaultUpOptions)).toBe(true);
});

it("draws the same plan twice", () => {
  const project = aProject({ a: { depends_on: { b: healthy } }, b: {}, c: { depends_on: { a: {} } } });
  expect(planUp(project, onlyImages, defaultUpOptions)).toEqual(planUp(project, onlyImages, defaultUpOptions));
});
