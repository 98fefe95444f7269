/**
 * How a container goes: its processes, its run, its layer, its volumes, its files, its record, in this order.
 *
 * The record says `removing` first and goes last, so that a crash anywhere leaves a removal that `restore` completes.
 */
import { rm } from "node:fs/promises";
import { GantryError } from "../../../base/errors.js";
import { withState } from "../record/container-record.js";
import { countsAsRunning } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import type { Container } from "./container.js";
import type { Lifecycle } from "./lifecycle.js";
import { announce } from "./notices.js";
import { endRun } from "./run.js";
import { forceEnd } from "./stopping.js";

export interface Remover {
  readonly rooms: Rooms;
  readonly lifecycle: Lifecycle;
  /** Names of the containers that mount a volume. */
  readonly usersOfVolume: (volume: string) => string[];
}

/** `volumes` are the anonymous ones. Throws "container-conflict" while it runs, unless forced. */
export async function removeContainer(
  remover: Remover,
  container: Container,
  { force, volumes }: { force: boolean; volumes: boolean },
): Promise<void> {
  const { id } = container;
  if (container.isLeaving) {
    throw new GantryError("container-conflict", `removal of container ${id} is already in progress`);
  }
  if (!force) refuseRunning(container);
  container.isLeaving = true;
  try {
    if (force) await forceEnd(remover, container);
    await container.lock.run(async () => {
      // A start that was under way when the removal was asked for may have won.
      if (!force) refuseRunning(container);
      await removeStopped(remover, container, volumes);
    });
  } finally {
    container.isLeaving = false;
  }
}

/** The caller holds the lock. A failure leaves the container `dead`, to be removed again. */
export async function removeStopped(remover: Remover, container: Container, volumes: boolean): Promise<void> {
  const { index, layers, paths, clock } = remover.rooms;
  const { record, id } = container;
  clearTimeout(container.restartTimer);
  if (container.status !== "removing") {
    await index.save(container, withState(record, { status: "removing", removesVolumes: volumes }));
  }
  try {
    await endRun(remover.rooms, container);
    await layers.removeRootfs(id);
    for (const mount of record.mounts) if (mount.kind === "image") await layers.removeRootfs(mount.layerId);
    if (volumes) await removeVolumes(remover, container);
    await rm(paths.state(id), { recursive: true, force: true });
    await index.drop(container);
  } catch (error) {
    const finishedAt = clock.now().toISOString();
    await index.save(container, withState(container.record, { status: "dead", finishedAt }));
    throw error;
  }
  for (const relay of [...container.relays]) relay.end();
  announce(remover.rooms, record, "destroy");
  container.exits.tell({ StatusCode: record.state.exitCode });
  container.removal.tell({ StatusCode: record.state.exitCode });
}

/** Anonymous ones only, and only those that no other container mounts. */
async function removeVolumes({ rooms, usersOfVolume }: Remover, container: Container): Promise<void> {
  for (const mount of container.record.mounts) {
    if (mount.kind !== "volume" || !mount.anonymous) continue;
    const users = usersOfVolume(mount.name).filter((name) => name !== container.record.name);
    if (users.length > 0) continue;
    await rooms.volumes.remove(mount.name, { force: true, usedBy: () => [] });
    rooms.events.publish({
      Type: "volume",
      Action: "destroy",
      Actor: { ID: mount.name, Attributes: { driver: "local" } },
    });
  }
}

function refuseRunning({ status, id, record }: Container): void {
  if (!countsAsRunning(status)) return;
  throw new GantryError(
    "container-conflict",
    `You cannot remove a ${status} container ${id}. Stop the container before attempting removal or force remove`,
    { hint: `Stop it first: gantry container stop ${record.name}` },
  );
}
