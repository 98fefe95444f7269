/**
 * Makes ready what a container has mounted, and says it in the runtime's words.
 *
 * Touches the world: bind sources, volumes, generated files, injected files. Nothing is made inside the container's
 * root file system here; the runtime makes mount points there, safely inside the root.
 */
import { mkdirSync } from "node:fs";
import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../../base/errors.js";
import { mount, mountFlags, umount, umountFlags } from "../../kernel/mount.js";
import type { Sandbox } from "../../networks/networks.js";
import type { SpecHost, SpecInput, SpecMount } from "../../runtime/spec/spec-input.js";
import { isMountPoint } from "../../volumes/mount-point.js";
import { donorOf } from "../lifecycle/donors.js";
import { writeNetworkFiles } from "../networking/etc-network.js";
import type { ContainerRecord } from "../record/container-record.js";
import { zeroTime } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";
import type { ResolvedMount } from "./resolved-mount.js";
import { checkPropagation } from "./shared-source.js";
import { bindSubpath, releaseSubpath } from "./volume-subpath.js";

const etcFiles = ["resolv.conf", "hostname", "hosts"];

/** In the words of the runtime's configuration. `secretEnv` are `KEY=value` that no record may hold. */
export type PreparedMounts = Pick<SpecInput, "mounts" | "etcMounts" | "shmPath"> & {
  readonly secretEnv: readonly string[];
};

/** The user's mounts and the injected files, the three files of /etc, and a shared /dev/shm. */
export async function prepareMounts(
  rooms: Rooms,
  record: ContainerRecord,
  run: { rootfs: string; sandbox: Sandbox },
): Promise<PreparedMounts> {
  const user: SpecMount[] = [];
  for (const wanted of record.mounts) user.push(await prepareMount(rooms, record, { wanted, rootfs: run.rootfs }));
  await writeEtcFiles(rooms, record, run.sandbox);
  const files = await prepareFiles(rooms, record);
  const etcMounts = etcFiles.map((name) => ({ source: etcSource(rooms, record, name), target: `/etc/${name}` }));
  const secretEnv = await readSecretEnv(rooms, record);
  return { mounts: [...user, ...files], etcMounts, shmPath: prepareShm(rooms, record), secretEnv };
}

function readSecretEnv({ paths }: Rooms, { id, files }: ContainerRecord): Promise<string[]> {
  const wanted = files.flatMap(({ file, env }) => (env === undefined ? [] : [{ file, env }]));
  return Promise.all(
    wanted.map(async ({ file, env }) => `${env}=${await readFile(join(paths.storedFiles(id), file), "utf8")}`),
  );
}

/** Unmounts what `prepareMounts` mounted. Idempotent. */
export async function releaseMounts({ paths, layers }: Rooms, record: ContainerRecord): Promise<void> {
  const { id, files, hostConfig, mounts } = record;
  for (const [at, mount] of mounts.entries()) {
    if ("subpath" in mount && mount.subpath !== undefined) await releaseSubpath(paths.subpath(id, at));
    if (mount.kind === "image") await layers.unmountRootfs(mount.layerId);
  }
  const mounted = [
    ...(mountedFiles(files).length > 0 ? [paths.runFiles(id)] : []),
    ...(hostConfig.IpcMode === "shareable" ? [paths.shm(id)] : []),
  ];
  for (const path of mounted) {
    if (await isMountPoint(path)) await umount(path, umountFlags.noFollow | umountFlags.detach);
  }
}

/** The host's file behind /etc/hosts and the like: the other container's own, when the network is its. */
export function etcSource(rooms: Rooms, record: ContainerRecord, name: string): string {
  const donor = donorOf(rooms, record.hostConfig.NetworkMode);
  return rooms.paths.etcFile(donor?.id ?? record.id, name);
}

async function prepareMount(
  rooms: Rooms,
  record: ContainerRecord,
  { wanted, rootfs }: { wanted: ResolvedMount; rootfs: string },
): Promise<SpecMount> {
  const { target, readOnly } = wanted;
  switch (wanted.kind) {
    case "bind": {
      const { source, propagation, recursive } = wanted;
      const hasBelow = await prepareSource(source, wanted.createSource);
      await checkPropagation(source, propagation);
      // A runtime may refuse to make what is below a file read-only.
      const readOnlyBelow = isReadOnlyBelow(wanted, rooms.host.spec) && hasBelow;
      return { kind: "bind", source, target, readOnly, propagation, recursive, readOnlyBelow };
    }
    case "volume": {
      const source = await prepareVolume(rooms, record, { wanted, rootfs });
      return { kind: "bind", source, target, readOnly, propagation: "rprivate", recursive: true };
    }
    case "image": {
      const merged = await mountImage(rooms, wanted);
      const source = await subpathOf(rooms, record, { wanted, source: merged });
      return { kind: "bind", source, target, readOnly, propagation: "rprivate", recursive: false };
    }
    default:
      return { kind: "tmpfs", target, options: [...wanted.options, ...(readOnly ? ["ro"] : [])] };
  }
}

/** A /dev/shm that other containers may join, or the one of the container that this one joins. */
function prepareShm(rooms: Rooms, { id, hostConfig }: ContainerRecord): string | undefined {
  const donor = donorOf(rooms, hostConfig.IpcMode);
  if (donor) return rooms.paths.shm(donor.id);
  if (hostConfig.IpcMode !== "shareable") return undefined;
  const target = rooms.paths.shm(id);
  mkdirSync(target, { recursive: true });
  const flags = mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec;
  mount({ source: "shm", target, type: "tmpfs", flags, data: `mode=1777,size=${hostConfig.ShmSize ?? 0}` });
  return target;
}

/** True when the source is a directory; a missing one is made. */
async function prepareSource(source: string, create: boolean): Promise<boolean> {
  try {
    return (await stat(source)).isDirectory();
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw error;
    if (!create) {
      throw new GantryError(
        "bad-parameter",
        `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      );
    }
    await mkdir(source, { recursive: true, mode: 0o755 });
    return true;
  }
}

function isReadOnlyBelow(wanted: ResolvedMount & { kind: "bind" }, host: SpecHost): boolean {
  const { readOnly, recursive, readOnlyBelow = "may", target } = wanted;
  if (!readOnly || !recursive || readOnlyBelow === "no") return false;
  if (readOnlyBelow === "must" && !host.recursiveReadOnly) {
    throw new GantryError("not-supported", `ReadOnlyForceRecursive of ${target}: this kernel is older than 5.12`);
  }
  return host.recursiveReadOnly ?? false;
}

/** Mounts an image's layers, once for all who look at them; returns where. */
export async function mountImage(
  { layers }: Pick<Rooms, "layers">,
  { layerId, chainIds }: ResolvedMount & { kind: "image" },
): Promise<string> {
  await layers.createRootfs(layerId, chainIds);
  return layers.mountRootfs(layerId);
}

/** Filled before the container's first run only: what an application deleted does not come back. */
async function prepareVolume(
  rooms: Rooms,
  record: ContainerRecord,
  { wanted, rootfs }: { wanted: ResolvedMount & { kind: "volume" }; rootfs: string },
): Promise<string> {
  const { volumes } = rooms;
  await createVolume(volumes, wanted);
  const source = await volumes.mount(wanted.name);
  if (!wanted.noCopy && wanted.subpath === undefined && record.state.startedAt === zeroTime) {
    await volumes.fill(wanted.name, { rootfs, path: wanted.target });
  }
  return subpathOf(rooms, record, { wanted, source });
}

/** The part of `source` that is wanted, bound at a path of its own; all of it where none is named. */
async function subpathOf(
  { paths }: Rooms,
  record: ContainerRecord,
  { wanted, source }: { wanted: ResolvedMount & { kind: "volume" | "image" }; source: string },
): Promise<string> {
  if (wanted.subpath === undefined) return source;
  const target = paths.subpath(record.id, record.mounts.indexOf(wanted));
  await releaseSubpath(target); // what a crash may have left
  bindSubpath(source, wanted.subpath, target);
  return target;
}

/** Makes the volume when it is absent. */
export async function createVolume(
  volumes: Rooms["volumes"],
  wanted: ResolvedMount & { kind: "volume" },
): Promise<void> {
  await volumes.create({
    Name: wanted.name,
    ...(wanted.driver ? { Driver: wanted.driver } : {}),
    DriverOpts: wanted.driverOptions ?? null,
    Labels: { ...(wanted.anonymous ? { "com.docker.volume.anonymous": "" } : {}), ...wanted.labels },
  });
}

async function writeEtcFiles(rooms: Rooms, record: ContainerRecord, sandbox: Sandbox): Promise<void> {
  const { paths } = rooms;
  const { config, hostConfig, id } = record;
  if (donorOf(rooms, hostConfig.NetworkMode)) return;
  await Promise.all([
    writeNetworkFiles(rooms, record, sandbox),
    writeFile(paths.etcFile(id, "hostname"), `${config.Hostname ?? ""}\n`, { mode: 0o644 }),
  ]);
}

function mountedFiles(files: ContainerRecord["files"]): ContainerRecord["files"] {
  return files.filter(({ env }) => env === undefined);
}

/** Copies injected files to a tmpfs, with the owner and mode that the container is to see. */
async function prepareFiles({ paths }: Rooms, { id, files }: ContainerRecord): Promise<SpecMount[]> {
  const mounted = mountedFiles(files);
  if (mounted.length === 0) return [];
  const directory = paths.runFiles(id);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // One of its own, even where the run directory is a tmpfs: contents stay apart from what others may fill up.
  const flags = mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec;
  mount({ source: "tmpfs", target: directory, type: "tmpfs", flags, data: "mode=700,size=64m" });
  return Promise.all(
    mounted.map(async ({ file, target, uid, gid, mode }): Promise<SpecMount> => {
      const source = join(directory, file);
      await writeFile(source, await readFile(join(paths.storedFiles(id), file)), { mode: 0o600 });
      await chown(source, uid, gid);
      await chmod(source, mode);
      return { kind: "bind", source, target, readOnly: true, propagation: "rprivate", recursive: false };
    }),
  );
}
