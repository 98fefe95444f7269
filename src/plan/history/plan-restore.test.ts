/** From `down -v` through the trash and back: what is taken away, what of it is remembered, and how it returns. */
import { describe, expect, it } from "vitest";
import type { TrashedVolume } from "../../wire/history.js";
import type { ObservedState } from "../observed.js";
import { aProject, aVolume, observedAfterUp, onlyImages } from "../plan.fixture.js";
import { planDown } from "../plan-down.js";
import { planRemove } from "../plan-lifecycle.js";
import { planUp } from "../plan-up.js";
import { printOperation } from "../print-plan.js";
import { defaultUpOptions } from "../up-options.js";
import { withRestored, withVolumes } from "./plan-restore.js";
import { removedBy } from "./removed-by.js";

const named = { type: "volume", source: "data", target: "/data", read_only: false } as const;
const cache = { type: "volume", target: "/cache", read_only: false } as const;
const project = aProject(
  { db: { volumes: [named, cache] }, web: {} },
  { volumes: new Map([["data", aVolume("data")]]) },
);

/** After `up`, with the anonymous volumes that an engine makes: one of the file's, one of the image's. */
function withAnonymous(state: ObservedState): ObservedState {
  const mounted = (Name: string, Destination: string) => ({
    ...{ Type: "volume" as const, Name, Destination },
    ...{ Source: "", Mode: "", RW: true, Propagation: "" },
  });
  const labels = { "com.docker.volume.anonymous": "" };
  return {
    ...state,
    volumes: [...state.volumes, { name: "anon-a", labels }, { name: "anon-b", labels }, { name: "anon-c", labels }],
    containers: state.containers.map((container) =>
      container.service === "db"
        ? {
            ...container,
            mounts: [mounted("shop_data", "/data"), mounted("anon-a", "/cache"), mounted("anon-b", "/x")],
          }
        : { ...container, state: "exited" },
    ),
  };
}

const observed = withAnonymous(observedAfterUp(project));
const down = { services: [], volumes: true, trash: true, removeOrphans: false };
const trashed = (name: string): TrashedVolume => ({
  ...{ id: `id-${name}`, name, project: "shop", generation: 2, labels: {}, sizeBytes: 1 },
  ...{ trashedAt: "2026-01-01T00:00:00Z", expiresAt: "2026-01-08T00:00:00Z" },
});

describe("what goes to the trash", () => {
  it("is each volume by name, anonymous ones too, once its containers are gone", () => {
    const plan = planDown(project, observed, down);
    const removals = plan.operations.filter(({ kind }) => kind === "remove-volume");
    expect(removals.map(printOperation)).toEqual([
      "remove-volume anon-a: anonymous volume",
      "remove-volume anon-b: anonymous volume",
      "remove-volume shop_data: --volumes",
    ]);
    expect(removals).toMatchObject([{ toTrash: true }, { toTrash: true }, { toTrash: true }]);
    expect(removals[0]?.settled).toEqual(["remove-container shop-db-1", "remove-container shop-web-1"]);
    for (const op of plan.operations) if (op.kind === "remove-container") expect(op.volumes).toBe(false);
  });

  it("is nothing where there is none, or when it is purged: the engine then removes them with the container", () => {
    const plan = planDown(project, observed, { ...down, trash: false });
    expect(plan.operations.filter(({ kind }) => kind === "remove-volume").map((op) => op.id)).toEqual([
      "remove-volume shop_data",
    ]);
    expect(plan.operations.some((op) => op.kind === "remove-volume" && op.toTrash)).toBe(false);
    for (const op of plan.operations) if (op.kind === "remove-container") expect(op.volumes).toBe(true);
  });

  it("is not a volume of somebody else that happens to have no name", () => {
    const external = aVolume("mine", { name: "anon-a", external: true });
    const other = { ...project, volumes: new Map([...project.volumes, ["mine", external]] as const) };
    const plan = planDown(other, observed, down);
    expect(plan.operations.map(({ id }) => id)).not.toContain("remove-volume anon-a");
  });

  it("is what rm -v removes, and nothing of containers that stay", () => {
    const options = { services: [], stop: false, volumes: true, trash: true };
    expect(planRemove(project, observed, options).operations.map(({ id }) => id)).toEqual([
      "remove-container shop-web-1",
    ]);
    expect(planRemove(project, observed, { ...options, stop: true }).operations.map(({ id }) => id)).toEqual([
      ...["stop-container shop-db-1", "remove-container shop-db-1", "remove-container shop-web-1"],
      ...["remove-volume anon-a", "remove-volume anon-b"],
    ]);
  });
});

it("remembers what a plan takes away: containers, whether they were up, and the volumes that went along", () => {
  expect(removedBy(planDown(project, observed, down), observed)).toEqual({
    containers: [
      {
        ...{ service: "db", number: 1, wasUp: true },
        volumes: [
          { name: "anon-a", target: "/cache" },
          { name: "anon-b", target: "/x" },
        ],
      },
      { service: "web", number: 1, wasUp: false, volumes: [] },
    ],
    volumes: ["shop_data"],
  });
  expect(removedBy(planUp(project, observed, defaultUpOptions), observed)).toEqual({ containers: [], volumes: [] });
});

describe("volumes out of the trash", () => {
  const { containers: removed } = removedBy(planDown(project, observed, down), observed);
  const volumes = ["anon-a", "anon-b", "shop_data"].map(trashed);
  const plan = planUp(project, withVolumes(onlyImages, volumes), defaultUpOptions);
  const restored = withRestored(plan, volumes, { generation: 2, removed });

  it("come back before the first container is made, in place of new ones", () => {
    expect(restored.operations.slice(0, 3).map(printOperation)).toEqual([
      "restore-volume anon-a: undo of generation 2",
      "restore-volume anon-b: undo of generation 2",
      "restore-volume shop_data: undo of generation 2",
    ]);
    expect(restored.operations.some(({ kind }) => kind === "create-volume")).toBe(false);
    const created = restored.operations.filter(({ kind }) => kind === "create-container");
    expect(created).toHaveLength(2);
    for (const { after } of created) expect(after).toContain("restore-volume shop_data");
  });

  it("are mounted where the container before had them: of the file, and of the image", () => {
    const db = restored.operations.find((op) => op.id === "create-container shop-db-1");
    const mounts = db?.kind === "create-container" ? (db.body.HostConfig?.Mounts ?? []) : [];
    expect(mounts.map(({ Type, Source, Target }) => `${Type} ${Source} ${Target}`)).toEqual([
      ...["volume shop_data /data", "volume anon-a /cache", "volume anon-b /x"],
    ]);
    const web = restored.operations.find((op) => op.id === "create-container shop-web-1");
    expect(web?.kind === "create-container" && web.body.HostConfig?.Mounts).toBeUndefined();
  });

  it("are made anew where they are no longer in the trash", () => {
    const fresh = planUp(project, withVolumes(onlyImages, []), defaultUpOptions);
    expect(withRestored(fresh, [], { generation: 2, removed })).toBe(fresh);
    expect(fresh.operations.map(({ id }) => id)).toContain("create-volume shop_data");
  });
});
