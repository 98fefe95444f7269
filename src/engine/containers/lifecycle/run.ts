/**
 * One run of a container: everything that exists while it runs, made and unmade.
 *
 * Touches the world. Order of `beginRun`: the run directory first, as the mark that something may be left; then root
 * file system, volumes and sandbox side by side; then the process, its attached clients, its start. Nothing of it is in
 * the record yet: a crash leaves the mark, and `endRun` undoes all there may be.
 */
import { mkdir, rm } from "node:fs/promises";
import { GantryError } from "../../../base/errors.js";
import type { Sandbox } from "../../networks/networks.js";
import type { ProcessIdentity } from "../../supervisor/supervisor.js";
import { prepareMounts, releaseMounts } from "../mounts/prepare-mounts.js";
import { sandboxRequest } from "../networking/network-request.js";
import type { Rooms } from "../rooms.js";
import { buildContainerSpec } from "../spec/container-spec.js";
import { prepareDevices } from "../spec/devices.js";
import type { Container } from "./container.js";
import { donorOf } from "./donors.js";

export interface Run {
  readonly process: ProcessIdentity;
  readonly sandbox: Sandbox;
}

/** Rejects with nothing left behind. The caller holds the container's lock. */
export async function beginRun(rooms: Rooms, container: Container, signal: AbortSignal): Promise<Run> {
  const { paths, supervisor } = rooms;
  await mkdir(paths.bundle(container.id), { recursive: true, mode: 0o700 });
  try {
    const [rootfs, sandbox] = await bothOrNeither(
      makeRootfs(rooms, container),
      attachNetworks(rooms, container, signal),
    );
    const mounts = await prepareMounts(rooms, container.record, { rootfs, sandbox });
    const { record } = container;
    const devices = await prepareDevices(rooms, record.hostConfig);
    const spec = buildContainerSpec(rooms, record, { rootfs, sandbox, ...mounts, ...devices });
    const process = await supervisor.create(
      {
        containerId: record.id,
        spec,
        bundleDir: paths.bundle(record.id),
        logPath: record.hostConfig.LogConfig?.Type === "none" ? undefined : paths.log(record.id),
        tty: record.config.Tty ?? false,
        openStdin: record.config.OpenStdin ?? false,
        stdinOnce: record.config.StdinOnce ?? false,
        ...(record.hostConfig.Runtime ? { runtime: record.hostConfig.Runtime } : {}),
        sandbox,
      },
      signal,
    );
    await connectRelays(rooms, container);
    await supervisor.start(record.id);
    return { process, sandbox };
  } catch (error) {
    await endRun(rooms, container);
    throw error;
  }
}

/**
 * Unmakes whatever there may be of a run, each part even when another fails; the mark goes last, so that a later
 * engine tries again. Idempotent.
 */
export async function endRun(rooms: Rooms, container: Container): Promise<void> {
  const { supervisor, networks, layers, paths } = rooms;
  const { id } = container;
  // Others' pid namespaces do not end with this container's first process: what it left there is ended by its cgroup.
  if (container.record.hostConfig.PidMode) await supervisor.killAll(id).catch(() => undefined);
  const results = await Promise.allSettled([
    networks.detach(id),
    supervisor.delete(id).then(() => Promise.all([layers.unmountRootfs(id), releaseMounts(rooms, container.record)])),
  ]);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  for (const failure of failures) rooms.report(`Container ${id.slice(0, 12)} could not be cleaned up`, failure);
  if (failures.length === 0) await rm(paths.run(id), { recursive: true, force: true });
}

async function makeRootfs({ layers }: Rooms, { record }: Container): Promise<string> {
  await layers.createRootfs(record.id, record.chainIds);
  return layers.mountRootfs(record.id);
}

async function attachNetworks(rooms: Rooms, { record }: Container, signal: AbortSignal): Promise<Sandbox> {
  const donor = donorOf(rooms, record.hostConfig.NetworkMode);
  if (donor && donor.status !== "running" && donor.status !== "paused") {
    throw new GantryError("container-conflict", `cannot join network of a non running container: ${donor.id}`, {
      hint: `Start it first: gantry container start ${donor.record.name}`,
    });
  }
  return rooms.networks.attach(sandboxRequest(record, donor?.id), signal);
}

/** Connected between create and start: no byte of the process's output is lost. */
async function connectRelays({ supervisor }: Rooms, container: Container): Promise<void> {
  const tty = container.record.config.Tty ?? false;
  const relays = [...container.relays];
  container.relays.clear();
  await Promise.all(relays.map(async (relay) => relay.connect(await supervisor.attach(container.id, { tty }))));
}

/** Waits for both even when one fails, so that what undoes them finds neither under way. */
async function bothOrNeither<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}
