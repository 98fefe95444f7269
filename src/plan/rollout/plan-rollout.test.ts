import { expect, it } from "vitest";
import type { Project } from "../../compose/project.js";
import type { UpdateSpec } from "../../compose/update-spec.js";
import type { ObservedContainer, ObservedState } from "../observed.js";
import type { Operation } from "../operation.js";
import { aProject, aVolume, observedAfterUp, type ServiceInput, upLines } from "../plan.fixture.js";
import { planUp } from "../plan-up.js";
import { defaultUpOptions } from "../up-options.js";

/** A service `web` that runs from another image than its file asks for. */
function outdated(
  service: ServiceInput & { update_config?: UpdateSpec },
  {
    change = {},
    more = {},
    takesOver = true,
  }: {
    change?: Partial<ObservedContainer>;
    more?: Partial<Project>;
    takesOver?: boolean;
  } = {},
): { project: Project; observed: ObservedState } {
  const project = aProject({ web: service }, more);
  const after = observedAfterUp(project);
  const containers = after.containers.map((one) => ({
    ...one,
    id: `${"0".repeat(11)}${one.number}${"f".repeat(52)}`,
    labels: { ...one.labels, "com.docker.compose.image": "old" },
    ...change,
  }));
  return { project, observed: { ...after, containers, takesOver } };
}

const startFirst: UpdateSpec = { order: "start-first" };
const lines = ({ project, observed }: ReturnType<typeof outdated>) =>
  upLines(project, observed).map((line) => line.replace(/: image changed.*/, ""));
const operations = ({ project, observed }: ReturnType<typeof outdated>): readonly Operation[] =>
  planUp(project, observed, defaultUpOptions).operations;

it("starts the new one first, watches it, lets it take over, drains the old one, and only then stops that", () => {
  expect(lines(outdated({ update_config: startFirst }))).toEqual([
    "create-container shop-web-1",
    "start-container shop-web-1: runs beside the old one",
    "watch-replica shop-web-1: before it counts",
    "take-over shop-web-1",
    "drain-container shop-web-1: connections under way",
    "stop-container shop-web-1: replaced",
    "remove-container shop-web-1: replaced",
    "on failure: discard-replacement shop-web-1: it failed; the old one serves on",
  ]);
  const [created] = operations(outdated({ update_config: startFirst }));
  expect(created).toMatchObject({ name: "000000000001_shop-web-1", body: { HostConfig: { GantryStandby: true } } });
});

it("drains as long as x-gantry says, ten seconds without", () => {
  const limit = (service: ServiceInput) =>
    operations(outdated({ ...service, update_config: startFirst })).find(({ kind }) => kind === "drain-container");
  expect(limit({})).toMatchObject({ limitMs: 10_000 });
  expect(limit({ gantry: { drain: 30e9 } })).toMatchObject({ limitMs: 30_000 });
});

it("replaces all at once as docker compose does where update_config says nothing", () => {
  expect(lines(outdated({}))).toEqual([
    "create-container shop-web-1",
    "stop-container shop-web-1: replaced",
    "remove-container shop-web-1: replaced",
    "rename-container shop-web-1",
    "start-container shop-web-1: container was replaced",
  ]);
});

it("replaces some at a time, judges and pauses between, and goes on only after the judgement", () => {
  const service = { scale: 3, update_config: { order: "stop-first", parallelism: 2, delay: 5e9 } as const };
  const drawn = operations(outdated(service));
  const judge = drawn.find(({ kind }) => kind === "judge-update");
  expect(judge).toMatchObject({ attempts: ["watch-replica shop-web-1", "watch-replica shop-web-2"], total: 3 });
  expect(drawn.find(({ kind }) => kind === "pause-update")).toMatchObject({ delayMs: 5000, after: [judge?.id] });
  expect(drawn.find(({ id }) => id === "create-container shop-web-3")?.after).toContain("pause-update web");
  expect(drawn.filter(({ kind }) => kind === "judge-update")).toHaveLength(1);
});

it("judges nothing where failures do not matter", () => {
  const drawn = operations(outdated({ scale: 2, update_config: { failure_action: "continue" } }));
  expect(drawn.filter(({ kind }) => kind === "judge-update")).toEqual([]);
  expect(drawn.find(({ id }) => id === "create-container shop-web-2")).toMatchObject({
    settled: ["watch-replica shop-web-1"],
  });
});

it("keeps what it may have to go back to until the update is through, and says how it would go back", () => {
  const service = { scale: 2, update_config: { order: "start-first", failure_action: "rollback" } as const };
  const drawn = operations(outdated(service));
  const judges = drawn.flatMap(({ kind, id, remedies }) => (kind === "judge-update" && !remedies ? [id] : []));
  expect(judges).toHaveLength(2);
  for (const op of drawn) {
    if (op.kind === "remove-container" && op.container.id) expect(op.after).toEqual(expect.arrayContaining(judges));
  }
  const back = lines(outdated(service)).filter((line) => line.includes("the update failed"));
  expect(back).toEqual([
    "on failure: start-container shop-web-2: the update failed",
    "take-over shop-web-2: the update failed",
    "remove-container shop-web-2: the update failed",
    "on failure: start-container shop-web-1: the update failed",
    "take-over shop-web-1: the update failed",
    "remove-container shop-web-1: the update failed",
  ]);
});

it("starts a stopped container again when the new one fails in its place", () => {
  expect(lines(outdated({ update_config: { failure_action: "rollback" } }))).toEqual([
    "create-container shop-web-1",
    "stop-container shop-web-1: replaced",
    "start-container shop-web-1: takes the old one's place",
    "watch-replica shop-web-1: before it counts",
    "rename-container 000000000000_shop-web-1: replaced",
    "rename-container shop-web-1",
    "on failure: remove-container shop-web-1: it failed; the old one serves on",
    "start-container shop-web-1: the new one failed",
    "judge-update web: 1 of 1 attempted",
    "remove-container shop-web-1: replaced",
    "on failure: stop-container shop-web-1: the update failed",
    "start-container shop-web-1: the update failed",
    "rename-container 000000000001_shop-web-1: replaced",
    "rename-container shop-web-1: the update failed",
    "remove-container shop-web-1: the update failed",
    "watch-replica shop-web-1: before it counts",
  ]);
});

const data = { type: "volume", source: "data", target: "/data", read_only: false } as const;
it.each<[string, ServiceInput, string]>([
  ["container_name", { container_name: "web" }, "container_name is one name"],
  ["a static address", { mac_address: "02:00:00:00:00:01" }, "mac_address is one address"],
  ["host network", { network_mode: "host" }, "both would listen on the host's own network"],
  ["another one's network", { network_mode: "container:x" }, "both would listen in the network of container:x"],
  ["a device", { devices: [{ source: "/dev/fuse", target: "/dev/fuse", permissions: "rw" }] }, "use device /dev/fuse"],
  ["a volume that both write to", { volumes: [data] }, "both would write to volume data at /data"],
])("stops the old one first, and says why: %s", (_what, service, reason) => {
  const more = { volumes: new Map([["data", aVolume("data")]]) };
  const what = outdated({ ...service, update_config: startFirst }, { more });
  expect(lines(what).find((line) => line.startsWith("stop-container"))).toContain(`stops first, not start-first: `);
  expect(lines(what).find((line) => line.startsWith("stop-container"))).toContain(reason);
  const { warnings } = planUp(what.project, what.observed, defaultUpOptions);
  expect(warnings.map(({ message }) => message).join()).toContain(reason);
});

it("may overlap on a volume that is read only, or that is declared shared", () => {
  const overlaps = (read_only: boolean, shared: boolean) => {
    const more = { volumes: new Map([["data", aVolume("data", { gantry: { shared } })]]) };
    const service = { volumes: [{ ...data, read_only }], update_config: startFirst };
    return lines(outdated(service, { more })).includes("take-over shop-web-1");
  };
  expect([overlaps(true, false), overlaps(false, true), overlaps(false, false)]).toEqual([true, true, false]);
});

// A rollback to a version without the volume was held to be in the way of itself: "its volume moves on to the new one".
it("waits for an unnamed volume that moves on to the new one, and not for one that it does not mount any more", () => {
  const place = { Type: "volume", Name: "f00", Source: "", Destination: "/cache" } as const;
  const old = { change: { mounts: [{ ...place, Driver: "local", Mode: "", RW: true, Propagation: "" }] } };
  const anonymous = { ...data, target: "/cache", source: undefined };
  const reason = (service: ServiceInput) => {
    const all = lines(outdated({ ...service, update_config: startFirst }, old));
    return all.find((line) => line.startsWith("stop-container"));
  };
  expect(reason({ volumes: [anonymous] })).toContain("its volume at /cache moves on to the new one");
  expect(reason({})).toBe("stop-container shop-web-1: replaced");
  expect(reason({ volumes: [{ ...anonymous, type: "bind", source: "/host" }] })).toBe(
    "stop-container shop-web-1: replaced",
  );
});

it("stops first on an engine that cannot flip a published port, and starts first there without one", () => {
  const ports = [{ target: 80, published: "8080", protocol: "tcp", mode: "ingress" }] as const;
  const [fixed, free] = [ports, []].map((some) =>
    lines(outdated({ ports: some, update_config: startFirst }, { takesOver: false })),
  );
  expect(fixed?.find((line) => line.startsWith("stop-container"))).toContain("cannot flip host port 8080");
  expect(free).toEqual([
    "create-container shop-web-1",
    "start-container shop-web-1: runs beside the old one",
    "watch-replica shop-web-1: before it counts",
    "rename-container 000000000000_shop-web-1: replaced",
    "rename-container shop-web-1",
    "stop-container shop-web-1: replaced",
    "remove-container shop-web-1: replaced",
    "on failure: remove-container shop-web-1: it failed; the old one serves on",
  ]);
});

it("lets dependents wait for the update, and their gates name the new containers", () => {
  const services = {
    web: { update_config: startFirst },
    proxy: { depends_on: { web: { condition: "service_healthy" } } },
  } as const;
  const project = aProject(services);
  const { observed } = outdated({ update_config: startFirst });
  const drawn = planUp(project, observed, defaultUpOptions).operations;
  expect(drawn.find(({ kind }) => kind === "wait-for")).toMatchObject({
    after: ["take-over shop-web-1"],
    containers: [{ createdBy: "create-container shop-web-1" }],
  });
});

it("removes what an interrupted update left, drained, before it makes another of that name", () => {
  const { project, observed } = outdated({ update_config: startFirst });
  const [old] = observed.containers;
  if (!old) expect.unreachable();
  const left = { ...old, id: "e".repeat(64), name: `${old.id.slice(0, 12)}_shop-web-1`, isOnStandby: true };
  const drawn = planUp(project, { ...observed, containers: [old, left] }, defaultUpOptions).operations;
  expect(drawn.map(({ id }) => id).slice(0, 3)).toEqual([
    `drain-container ${left.name}`,
    `stop-container ${left.name}`,
    `remove-container ${left.name}`,
  ]);
  expect(drawn.find(({ kind }) => kind === "create-container")?.after).toContain(`remove-container ${left.name}`);
});

it("publishes one that stands by when there is nobody left to replace", () => {
  const project = aProject({ web: { update_config: startFirst } });
  const observed = observedAfterUp(project, { "shop-web-1": { isOnStandby: true } });
  expect(upLines(project, { ...observed, takesOver: true })).toEqual([
    "take-over shop-web-1: it stands by, and there is nobody to replace",
  ]);
});

it("watches nothing longer than --wait-timeout says, what is put back included", () => {
  for (const order of ["start-first", "stop-first"] as const) {
    const update_config = { order, failure_action: "rollback" } as const;
    const { project, observed } = outdated({ update_config, rollback_config: { order: "stop-first" } });
    const drawn = planUp(project, observed, { ...defaultUpOptions, waitTimeoutMs: 7000 }).operations;
    const limits = drawn.flatMap((op) => (op.kind === "watch-replica" ? [op.timeoutMs] : []));
    expect(limits).toEqual([7000, 7000]);
  }
});
