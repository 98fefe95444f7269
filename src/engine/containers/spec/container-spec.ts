/**
 * From a record and what was prepared for its run to the runtime's configuration. Reads the container's user tables.
 */
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { GantryError } from "../../../base/errors.js";
import type { OciProcess, OciSpec } from "../../../oci/runtime-spec.js";
import type { ExecCreateBody } from "../../../wire/container.js";
import type { Sandbox } from "../../networks/networks.js";
import { cgroupPids } from "../../runtime/cgroups.js";
import { resolveUserIn } from "../../runtime/container-files.js";
import { buildExecProcess, buildSpec } from "../../runtime/spec/build-spec.js";
import type { NamespaceChoice, SpecInput } from "../../runtime/spec/spec-input.js";
import { donorOf } from "../lifecycle/donors.js";
import type { PreparedMounts } from "../mounts/prepare-mounts.js";
import type { ContainerRecord } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import type { PreparedDevices } from "./devices.js";

export interface Prepared extends PreparedMounts, PreparedDevices {
  readonly rootfs: string;
  readonly sandbox: Sandbox;
}

/**
 * Refuses at create what `buildSpec` would refuse at the first start. Nothing of the run is there yet: what depends on
 * the root file system or on other containers is looked at then.
 */
export function checkContainerSpec(rooms: Rooms, record: ContainerRecord, devices: PreparedDevices): void {
  const { PidMode, IpcMode, NetworkMode } = record.hostConfig;
  const choice = (mode: string | undefined): NamespaceChoice => ({ kind: mode === "host" ? "host" : "private" });
  buildSpec({
    ...specFacts(rooms, record),
    ...devices,
    user: { uid: 0, gid: 0, additionalGids: [0], home: undefined },
    ...{ rootfs: "/", mounts: [], etcMounts: [], shmPath: undefined, cgroupsPath: "/" },
    ...{ network: choice(NetworkMode), pid: choice(PidMode), ipc: choice(IpcMode) },
  });
}

/** Throws "bad-parameter" for a user, capability or device that cannot be had. */
export function buildContainerSpec(rooms: Rooms, record: ContainerRecord, prepared: Prepared): OciSpec {
  const { config, hostConfig } = record;
  const { rootfs, sandbox, mounts, etcMounts, shmPath, devices, blockDevices, edits, secretEnv } = prepared;
  const user = resolveUserIn(rootfs, config.User ?? "", hostConfig.GroupAdd ?? []);
  return buildSpec({
    ...specFacts(rooms, record),
    config: secretEnv.length > 0 ? { ...config, Env: [...(config.Env ?? []), ...secretEnv] } : config,
    user,
    rootfs,
    mounts,
    etcMounts,
    network: sandbox.netnsPath === undefined ? { kind: "host" } : { kind: "path", path: sandbox.netnsPath },
    pid: namespaceOf(rooms, hostConfig.PidMode, "pid"),
    ipc: namespaceOf(rooms, hostConfig.IpcMode, "ipc"),
    shmPath,
    ...{ devices, blockDevices, edits },
    cgroupsPath: posix.join("/", hostConfig.CgroupParent || rooms.host.cgroupParent, record.id),
  });
}

/**
 * The process of an exec: the container's own, but for what `body` says. Throws "bad-parameter" for an unknown user.
 */
export async function execProcess(
  rooms: Rooms,
  record: ContainerRecord,
  { body, size }: { body: ExecCreateBody; size: readonly [number, number] | undefined },
): Promise<OciProcess> {
  const rootfs = await rooms.layers.mountRootfs(record.id);
  const user = resolveUserIn(rootfs, body.User || record.config.User || "", record.hostConfig.GroupAdd ?? []);
  return buildExecProcess(specFacts(rooms, record), body, { user, size });
}

/** Pids of everything that runs in the container's cgroup. */
export function processesOf({ state }: ContainerRecord): Set<number> {
  const pid = state.process?.pid;
  if (pid === undefined) return new Set();
  const cgroup = cgroupOf(pid);
  return new Set(cgroup === undefined ? [pid] : cgroupPids(cgroup));
}

function specFacts(
  rooms: Rooms,
  { id, config, hostConfig }: ContainerRecord,
): Pick<SpecInput, "containerId" | "config" | "hostConfig" | "host"> {
  return { containerId: id, config, hostConfig, host: rooms.host.spec };
}

/** Throws "container-conflict" when the container whose namespace it is does not run. */
function namespaceOf(rooms: Rooms, mode: string | undefined, name: "pid" | "ipc"): NamespaceChoice {
  if (mode === "host") return { kind: "host" };
  const donor = donorOf(rooms, mode);
  if (!donor) return { kind: "private" };
  const pid = donor.record.state.process?.pid;
  if (pid === undefined || !hasProcess(donor.status)) {
    throw new GantryError(
      "container-conflict",
      `cannot join ${name.toUpperCase()} namespace of a non running container: ${donor.id}`,
    );
  }
  if (name === "ipc" && donor.record.hostConfig.IpcMode !== "shareable") {
    throw new GantryError("container-conflict", `cannot join IPC of container ${donor.id}: non-shareable IPC`);
  }
  return { kind: "path", path: `/proc/${pid}/ns/${name}` };
}

function cgroupOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/cgroup`, "utf8");
    return (/^\d+:pids:(.*)$/m.exec(text) ?? /^0::(.*)$/m.exec(text))?.[1];
  } catch {
    return undefined;
  }
}
