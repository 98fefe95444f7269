/** Changes a container's limits and restart policy: the live cgroup first, then the record. */
import { posix } from "node:path";
import { GantryError, isGantryError } from "../../../base/errors.js";
import type { HostConfig, Resources, RestartPolicy } from "../../../wire/container.js";
import { limitWrites, writeLimits } from "../../runtime/stats/cgroup-limits.js";
import { completeHostConfig, hostWarnings } from "../create/host-config.js";
import type { Container } from "../lifecycle/container.js";
import { announce } from "../lifecycle/notices.js";
import type { ContainerRecord } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";

export type UpdateBody = Resources & { RestartPolicy?: RestartPolicy };

const limitNames = [
  ...(["Memory", "MemorySwap", "MemoryReservation", "NanoCpus", "CpuShares", "CpuPeriod", "CpuQuota"] as const),
  ...(["CpusetCpus", "CpusetMems", "PidsLimit", "BlkioWeight"] as const),
  ...(["CpuRealtimePeriod", "CpuRealtimeRuntime"] as const),
];

/**
 * 0, "" and null leave a limit as it is. A crash in between leaves the cgroup changed and the record not: the next
 * start has the old limits, as if the update had not been.
 *
 * @returns what this host's kernel cannot do and was left out, one sentence each
 * @throws {GantryError} "bad-parameter" for limits that contradict each other, "runtime-failed" for refused ones
 */
export function updateContainer(rooms: Rooms, container: Container, body: UpdateBody): Promise<string[]> {
  return container.lock.run(async () => {
    const { record } = container;
    const { BlkioWeight, ...others } = askedLimits(body);
    const limits = BlkioWeight && rooms.host.spec.blockWeights ? { ...others, BlkioWeight } : others;
    const hostConfig = sayingWhose(record.id, () =>
      updatedHostConfig(rooms, record, { limits, policy: body.RestartPolicy }),
    );
    if (hasProcess(container.status)) {
      // Swap is written together with memory: v2 counts one without the other.
      const { Memory = 0, MemorySwap = 0 } = hostConfig;
      const written = limits.Memory || limits.MemorySwap ? { ...limits, Memory, MemorySwap } : limits;
      writeLimits(cgroupsPathOf(rooms, record), limitWrites(rooms.host.cgroupVersion, written));
    }
    await rooms.index.save(container, { ...record, hostConfig });
    announce(rooms, container.record, "update");
    return hostWarnings(body, rooms.host);
  });
}

/** Docker names the container in front of what is wrong. */
function sayingWhose<T>(id: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isGantryError(cause, "bad-parameter")) throw cause;
    throw new GantryError("bad-parameter", `Cannot update container ${id}: ${cause.message}`, { cause });
  }
}

/** The path of a container's cgroup, as its spec has it. */
export function cgroupsPathOf({ host }: Pick<Rooms, "host">, { id, hostConfig }: ContainerRecord): string {
  return posix.join("/", hostConfig.CgroupParent || host.cgroupParent, id);
}

function askedLimits(body: UpdateBody): Resources {
  const asked = limitNames.filter((name) => {
    const value = body[name];
    return value !== undefined && value !== null && value !== "" && (value !== 0 || name === "PidsLimit");
  });
  // CLIs send PidsLimit 0 for "not given".
  return Object.fromEntries(asked.filter((name) => body[name] !== 0).map((name) => [name, body[name]]));
}

function updatedHostConfig(
  { host }: Rooms,
  { hostConfig }: ContainerRecord,
  { limits, policy }: { limits: Resources; policy: RestartPolicy | undefined },
): HostConfig {
  const { MemorySwap: swap = 0 } = hostConfig;
  if (limits.Memory && !limits.MemorySwap && swap > 0 && limits.Memory > swap) {
    throw new GantryError(
      "bad-parameter",
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
  const changesPolicy = policy?.Name !== undefined && policy.Name !== "";
  if (changesPolicy && hostConfig.AutoRemove && policy.Name !== "no") {
    throw new GantryError(
      "bad-parameter",
      "Restart policy cannot be updated because AutoRemove is enabled for the container",
    );
  }
  return completeHostConfig({ ...hostConfig, ...limits, ...(changesPolicy ? { RestartPolicy: policy } : {}) }, host);
}
