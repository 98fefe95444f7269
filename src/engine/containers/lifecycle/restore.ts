/**
 * What a new engine makes of the containers it finds: nothing in the records is believed before it was looked at.
 *
 * Each record is sorted into one case by its state, the boot it ran in and the mark of its run:
 * - it runs (the supervisor knows the process again): adopted; its sandbox is given to the networks
 * - it ended while no engine ran: the exit is carried out as if it had just happened, restart policy included
 * - its process is lost without a word: an exit with code 255
 * - the machine has booted since: an exit with code 255; `always`, `unless-stopped` and a failed `on-failure` start
 *   again,
 *   `always` even when it was stopped by hand before (an engine comes and goes; only a boot undoes a user's stop)
 * - a start or an exit was under way (its run directory is there, but it does not run): cleaned up
 * - it was waiting for a restart: the wait begins anew
 * - its removal was under way, or due (`AutoRemove`): completed
 * A state or run directory without record is what a crash left of a create or a removal: it goes.
 */
import { access, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { writeDurably } from "../../../base/durable-file.js";
import { processAgeMs } from "../../kernel/process.js";
import type { Sandbox } from "../../networks/networks.js";
import { withState } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import type { Container } from "./container.js";
import type { Lifecycle } from "./lifecycle.js";
import { type Remover, removeStopped } from "./removing.js";
import { startsAtBoot } from "./restart-policy.js";
import { endRun } from "./run.js";
import type { Watchers } from "./watchers.js";

/** Docker's exit code of a process whose end nobody saw. */
const unknownExitCode = 255;
const restartDelayMs = 100;

export type Finding =
  | "running"
  | "exited"
  | "lost"
  | "booted"
  | "half-started"
  | "restarting"
  | "leaving"
  | "start-at-boot"
  | "at-rest";

export interface Restorer extends Remover {
  readonly rooms: Rooms;
  readonly lifecycle: Lifecycle;
  readonly watchers: Watchers;
}

/**
 * The order: records → processes → networks of what runs → sweeping → what was missed. Exits that the supervisor
 * reports meanwhile wait for their container's lock.
 */
export async function restoreContainers(restorer: Restorer): Promise<void> {
  const { rooms, watchers } = restorer;
  const containers = rooms.index.load();
  await rooms.index.saveCorrected().catch((error: unknown) => rooms.report("What a crash had left half done", error));
  await Promise.all([
    mkdir(rooms.paths.states(), { recursive: true, mode: 0o711 }),
    mkdir(rooms.paths.runs(), { recursive: true, mode: 0o700 }),
  ]);
  const isNewBoot = await hasBooted(rooms);
  let networksReady = () => {};
  const ready = new Promise<void>((resolve) => {
    networksReady = resolve;
  });
  const held = containers.map((container) => container.lock.run(() => ready));
  const findings = await Promise.all(
    containers.map(async (container) => ({ container, finding: await look(rooms, container, isNewBoot) })),
  );
  const sandboxes = findings.flatMap(({ container, finding }): Sandbox[] => {
    const { sandbox } = container.record.state;
    // The sandbox was written at the start; a rename since then is only in the record.
    return finding === "running" && sandbox ? [{ ...sandbox, name: container.record.name }] : [];
  });
  try {
    await rooms.networks.restore(sandboxes);
  } finally {
    networksReady();
    await Promise.all(held);
  }
  await sweep(rooms);
  await Promise.all(containers.map((container) => ensureRootfs(rooms, container)));
  await Promise.all(
    findings
      .filter(({ finding }) => finding === "running")
      .map(({ container }) =>
        container.lock.run(async () => {
          const { process } = container.record.state;
          if (!hasProcess(container.status) || !process) return;
          container.startedAtMs = rooms.clock.monotonicMs() - processAgeMs(process);
          watchers.watch(container);
        }),
      ),
  );
  await Promise.all(
    findings.map(({ container, finding }) =>
      carryOut(restorer, container, finding).catch((error: unknown) =>
        rooms.report(`Container ${container.record.name} could not be restored`, error),
      ),
    ),
  );
  await markBoot(rooms);
}

/** Whether the machine has booted since the last engine's restore. The first engine of a state root sees no boot. */
async function hasBooted({ paths, bootId }: Rooms): Promise<boolean> {
  const last = await readFile(paths.bootMark(), "utf8").catch(() => bootId);
  return last !== bootId;
}

/** On a full disk it stays as it was, and the next engine takes this boot for a new one: better than no engine. */
async function markBoot({ paths, bootId, report }: Rooms): Promise<void> {
  if ((await readFile(paths.bootMark(), "utf8").catch(() => "")) === bootId) return;
  await writeDurably(paths.bootMark(), bootId).catch((error: unknown) => report("The mark of this boot", error));
}

async function look({ supervisor, paths, bootId }: Rooms, container: Container, isNewBoot: boolean): Promise<Finding> {
  const { state, hostConfig } = container.record;
  if (state.status === "removing") return "leaving";
  if (hasProcess(state.status)) {
    if (!state.process || state.process.bootId !== bootId) return "booted";
    return supervisor.adopt(container.id, state.process);
  }
  if (state.status === "restarting") return "restarting";
  if (await exists(paths.run(container.id))) return "half-started";
  if (state.status !== "exited") return "at-rest";
  if (hostConfig.AutoRemove) return "leaving";
  return isNewBoot && startsAtBoot(hostConfig.RestartPolicy, state.stoppedByUser) ? "start-at-boot" : "at-rest";
}

async function carryOut(restorer: Restorer, container: Container, finding: Finding): Promise<void> {
  const { rooms, lifecycle } = restorer;
  const { id } = container;
  const finishedAt = rooms.clock.now();
  switch (finding) {
    case "lost":
      return lifecycle.exited({ containerId: id, exitCode: unknownExitCode, oomKilled: false, finishedAt });
    case "booted":
      return container.lock.run(() => afterBoot(restorer, container));
    case "half-started":
      await container.lock.run(() => cleanUp(rooms, container));
      if (container.record.hostConfig.AutoRemove && container.status === "exited") lifecycle.onAutoRemove(container);
      return;
    case "restarting":
      await container.lock.run(() => cleanUp(rooms, container));
      return lifecycle.scheduleRestart(container, restartDelayMs);
    case "leaving":
      return container.lock.run(() =>
        removeStopped(restorer, container, container.record.state.removesVolumes ?? true),
      );
    case "start-at-boot":
      return container.lock.run(() => awaitStart(restorer, container));
    default:
      return; // Running ones are watched already; an exit was reported through `onExit`.
  }
}

/** It is there, unless a crash came before it was made or its record was damaged: then nothing protects its layers. */
async function ensureRootfs({ layers, report }: Rooms, { record }: Container): Promise<void> {
  if (record.state.status === "removing") return;
  const images = record.mounts.flatMap((mount) => (mount.kind === "image" ? [mount] : []));
  const trees = [{ id: record.id, chainIds: record.chainIds }, ...images.map((i) => ({ id: i.layerId, ...i }))];
  for (const { id, chainIds } of trees) {
    await layers
      .createRootfs(id, chainIds)
      .catch((error: unknown) => report(`The root file system of container ${record.name}`, error));
  }
}

/** Mounts, namespaces and cgroups went with the old boot; what is under the run directory on a disk did not. */
async function afterBoot(restorer: Restorer, container: Container): Promise<void> {
  const { rooms, lifecycle } = restorer;
  const { hostConfig, state } = container.record;
  await cleanUp(rooms, container);
  const policy = hostConfig.RestartPolicy;
  const starts = startsAtBoot(policy, state.stoppedByUser) || policy?.Name === "on-failure";
  await rooms.index.save(
    container,
    withState(container.record, {
      status: starts ? "restarting" : "exited",
      exitCode: unknownExitCode,
      finishedAt: rooms.clock.now().toISOString(),
      process: undefined,
      sandbox: undefined,
    }),
  );
  if (starts) lifecycle.scheduleRestart(container, restartDelayMs);
  else if (hostConfig.AutoRemove) lifecycle.onAutoRemove(container);
}

/** By way of `restarting`, so that the next engine starts it if this one does not come to it. */
async function awaitStart({ rooms, lifecycle }: Restorer, container: Container): Promise<void> {
  await rooms.index.save(container, withState(container.record, { status: "restarting", stoppedByUser: false }));
  lifecycle.scheduleRestart(container, restartDelayMs);
}

async function cleanUp(rooms: Rooms, container: Container): Promise<void> {
  await rooms.supervisor.killAll(container.id).catch(() => undefined);
  await endRun(rooms, container);
}

async function sweep({ paths, index, layers, supervisor, report }: Rooms): Promise<void> {
  for (const name of await readdir(paths.states())) {
    if (index.byId(name) || !isId(name)) continue;
    await layers.removeRootfs(name).catch((error: unknown) => report(`The layer of ${name}`, error));
    await rm(paths.state(name), { recursive: true, force: true });
  }
  for (const name of await readdir(paths.runs())) {
    if (index.byId(name) || !isId(name)) continue;
    await supervisor.killAll(name).catch(() => undefined);
    await supervisor.delete(name).catch((error: unknown) => report(`The processes of ${name}`, error));
    await rm(paths.run(name), { recursive: true, force: true });
  }
}

function isId(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
