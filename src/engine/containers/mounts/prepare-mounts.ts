/**
 * Makes ready what a container has mounted, and says it in the runtime's words.
 *
 * Touches the world: bind sources, volumes, generated files, injected files. Nothing is made inside the container's
 * root file system here; the runtime makes mount points there, safely inside the root.
 */
import { chmod, chown, mkdir, readFile, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../../base/errors.js";
import type { OciMount } from "../../../oci/runtime-spec.js";
import { mount, mountFlags } from "../../kernel/mount.js";
import type { Sandbox } from "../../networks/networks.js";
import { donorOf } from "../lifecycle/donors.js";
import type { ContainerRecord } from "../record/container-record.js";
import { zeroTime } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";
import { hostsText, hostsTextOnHostNetwork, resolvText, searchDomains } from "./etc-files.js";
import type { ResolvedMount } from "./resolved-mount.js";

/** Longest file that is worth reading as one of /etc's. */
const etcFileBytes = 1024 ** 2;
const tmpfsMagic = 0x01021994;
/** Where a runtime's own mounts at these places give way to the user's, so do ours. */
const etcFiles = ["resolv.conf", "hostname", "hosts"];

/**
 * Sorted by depth, the user's first; then the three files of /etc that the user does not mount; then injected files.
 */
export async function prepareMounts(
  rooms: Rooms,
  record: ContainerRecord,
  run: { rootfs: string; sandbox: Sandbox },
): Promise<OciMount[]> {
  const user: OciMount[] = [];
  for (const wanted of record.mounts) user.push(await prepareMount(rooms, record, { wanted, rootfs: run.rootfs }));
  const taken = new Set(record.mounts.map(({ target }) => target));
  await writeEtcFiles(rooms, record, run.sandbox);
  const etc = etcFiles
    .filter((name) => !taken.has(`/etc/${name}`))
    .map((name) => fileBind(etcSource(rooms, record, name), `/etc/${name}`, record.hostConfig.ReadonlyRootfs ?? false));
  return [...user, ...etc, ...(await prepareFiles(rooms, record))];
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
): Promise<OciMount> {
  switch (wanted.kind) {
    case "bind": {
      await prepareSource(wanted.source, wanted.createSource);
      const bind = wanted.recursive ? "rbind" : "bind";
      const options = [bind, wanted.propagation, wanted.readOnly ? "ro" : "rw"];
      return { destination: wanted.target, type: "bind", source: wanted.source, options };
    }
    case "volume": {
      const source = await prepareVolume(rooms, record, { wanted, rootfs });
      const options = ["rbind", "rprivate", wanted.readOnly ? "ro" : "rw"];
      return { destination: wanted.target, type: "bind", source, options };
    }
    default: {
      const options = [...wanted.options, ...(wanted.readOnly ? ["ro"] : []), "rprivate"];
      return { destination: wanted.target, type: "tmpfs", source: "tmpfs", options };
    }
  }
}

async function prepareSource(source: string, create: boolean): Promise<void> {
  try {
    await stat(source);
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw error;
    if (!create) {
      throw new GantryError(
        "bad-parameter",
        `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      );
    }
    await mkdir(source, { recursive: true, mode: 0o755 });
  }
}

/** Filled before the container's first run only: what an application deleted does not come back. */
async function prepareVolume(
  { volumes }: Rooms,
  record: ContainerRecord,
  { wanted, rootfs }: { wanted: ResolvedMount & { kind: "volume" }; rootfs: string },
): Promise<string> {
  await createVolume(volumes, wanted);
  const source = await volumes.mount(wanted.name);
  if (!wanted.noCopy && wanted.subpath === undefined && record.state.startedAt === zeroTime) {
    await volumes.fill(wanted.name, { rootfs, path: wanted.target });
  }
  if (wanted.subpath === undefined) return source;
  return join(source, wanted.subpath);
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
  const hostname = config.Hostname ?? "";
  const onHost = hostConfig.NetworkMode === "host";
  const endpoints = Object.values(sandbox.endpoints);
  const gateway = endpoints.find(({ Gateway }) => Gateway)?.Gateway ?? (onHost ? "127.0.0.1" : undefined);
  const extraHosts = hostConfig.ExtraHosts ?? [];
  const addresses = endpoints.flatMap(({ IPAddress, GlobalIPv6Address }) =>
    [IPAddress, GlobalIPv6Address].filter((address) => address !== undefined && address !== ""),
  ) as string[]; // `filter` does not narrow in this position
  const hosts = onHost
    ? hostsTextOnHostNetwork(await readText("/etc/hosts"), { extraHosts, gateway })
    : hostsText({ hostname, domainname: config.Domainname ?? "", addresses, extraHosts, gateway });
  const resolv = resolvText({
    nameServers: sandbox.nameServers,
    search: hostConfig.DnsSearch?.length ? hostConfig.DnsSearch : searchDomains(await readText("/etc/resolv.conf")),
    options: hostConfig.DnsOptions ?? [],
  });
  await Promise.all([
    writeReadable(paths.etcFile(id, "hosts"), hosts),
    writeReadable(paths.etcFile(id, "hostname"), `${hostname}\n`),
    writeReadable(paths.etcFile(id, "resolv.conf"), resolv),
  ]);
}

/** Copies injected files to a tmpfs, with the owner and mode that the container is to see. */
async function prepareFiles({ paths }: Rooms, { id, files }: ContainerRecord): Promise<OciMount[]> {
  if (files.length === 0) return [];
  const directory = paths.runFiles(id);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // A run directory that is no tmpfs (as in a test) gets one here: contents must not reach a disk a second time.
  if ((await statfs(directory)).type !== tmpfsMagic) {
    mount({
      source: "tmpfs",
      target: directory,
      type: "tmpfs",
      flags: mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec,
      data: "mode=700,size=64m",
    });
  }
  return Promise.all(
    files.map(async ({ file, target, uid, gid, mode }) => {
      const source = join(directory, file);
      await writeFile(source, await readFile(join(paths.storedFiles(id), file)), { mode: 0o600 });
      await chown(source, uid, gid);
      await chmod(source, mode);
      return fileBind(source, target, true);
    }),
  );
}

function fileBind(source: string, destination: string, readOnly: boolean): OciMount {
  return { destination, type: "bind", source, options: ["bind", "rprivate", readOnly ? "ro" : "rw"] };
}

async function writeReadable(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o644 });
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").then(
    (text) => text.slice(0, etcFileBytes),
    () => "",
  );
}
