/**
 * Puts volumes out of the trash into a plan: each comes back before the first container is made. Pure.
 *
 * A container whose anonymous volumes are among them mounts them where the one before it did.
 */
import type { ContainerCreateBody, MountRequest } from "../../wire/container.js";
import type { RemovedContainer, TrashedVolume } from "../../wire/history.js";
import type { ObservedState } from "../observed.js";
import type { Operation, Plan } from "../operation.js";

/** As the planner should see the engine: with the volumes that will be there. */
export function withVolumes(observed: ObservedState, volumes: readonly TrashedVolume[]): ObservedState {
  const coming = volumes.map(({ name, labels }) => ({ name, labels }));
  return { ...observed, volumes: [...observed.volumes, ...coming] };
}

/** `plan` was drawn from such a view. `removed` are the containers that the volumes went with. */
export function withRestored(
  plan: Plan,
  volumes: readonly TrashedVolume[],
  { generation, removed }: { readonly generation: number; readonly removed: readonly RemovedContainer[] },
): Plan {
  if (volumes.length === 0) return plan;
  const names = new Set(volumes.map(({ name }) => name));
  const restores = volumes.map(({ id, name }): Operation => {
    const cause = { reason: `undo of generation ${generation}` };
    return { kind: "restore-volume", id: `restore-volume ${name}`, name, trashId: id, cause, after: [] };
  });
  const after = restores.map(({ id }) => id);
  const operations = plan.operations.map((op): Operation => {
    if (op.kind !== "create-container") return op;
    const before = removed.find(({ service, number }) => service === op.service && number === op.number);
    const mounts = (before?.volumes ?? []).filter(({ name }) => names.has(name));
    return { ...op, after: [...op.after, ...after].sort(), body: withMounts(op.body, mounts) };
  });
  return { ...plan, operations: [...restores, ...operations] };
}

function withMounts(body: ContainerCreateBody, mounts: RemovedContainer["volumes"]): ContainerCreateBody {
  if (mounts.length === 0) return body;
  const there = body.HostConfig?.Mounts ?? [];
  const sourceOf = (target: string) => mounts.find((mount) => mount.target === target)?.name;
  const named = there.map((mount): MountRequest => {
    const source = mount.Type === "volume" && !mount.Source ? sourceOf(mount.Target) : undefined;
    return source === undefined ? mount : { ...mount, Source: source };
  });
  const added = mounts
    .filter(({ target }) => !there.some(({ Target }) => Target === target))
    .map(({ name, target }): MountRequest => ({ Type: "volume", Source: name, Target: target }));
  return { ...body, HostConfig: { ...body.HostConfig, Mounts: [...named, ...added] } };
}
