/**
 * From a record and what was prepared for its run to the runtime's configuration. Reads the container's user tables.
 */
import { readFileSync } from "node:fs";
import type { OciMount, OciProcess, OciSpec } from "../../../oci/runtime-spec.js";
import type { ExecCreateBody } from "../../../wire/container.js";
import type { Sandbox } from "../../networks/networks.js";
import { cgroupPids } from "../../runtime/cgroups.js";
import type { ContainerRecord } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";

export interface Prepared {
  readonly rootfs: string;
  readonly sandbox: Sandbox;
  readonly mounts: readonly OciMount[];
}

/** Throws "bad-parameter" for a user that the container does not have. */
export function buildContainerSpec(rooms: Rooms, record: ContainerRecord, prepared: Prepared): Promise<OciSpec> {
  return rooms.specs.container(record, prepared);
}

/** The process of an exec: the container's environment, user, directory and limits, but for what `body` says. */
export function buildExecProcess(
  rooms: Rooms,
  record: ContainerRecord,
  body: ExecCreateBody,
  consoleSize?: readonly [number, number],
): Promise<OciProcess> {
  return rooms.specs.exec(record, body, consoleSize);
}

/** Pids of everything that runs in the container's cgroup. */
export function processesOf({ state }: ContainerRecord): Set<number> {
  const pid = state.process?.pid;
  if (pid === undefined) return new Set();
  const cgroup = cgroupOf(pid);
  return new Set(cgroup === undefined ? [pid] : cgroupPids(cgroup));
}

function cgroupOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/cgroup`, "utf8");
    return (/^\d+:pids:(.*)$/m.exec(text) ?? /^0::(.*)$/m.exec(text))?.[1];
  } catch {
    return undefined;
  }
}
