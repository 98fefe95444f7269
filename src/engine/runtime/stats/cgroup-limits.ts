/**
 * Changes the limits of a live cgroup.
 *
 * `limitWrites` decides and does not touch the world; `writeLimits` carries out. Conversions as the OCI runtimes have
 * them, so that a limit set here is what a start with it would set.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GantryError, messageOf } from "../../../base/errors.js";
import type { Resources } from "../../../wire/container.js";

/** A file below the container's cgroup; `hierarchy` is v1's, "" on v2. */
export interface LimitWrite {
  readonly hierarchy: string;
  readonly file: string;
  readonly value: string;
}

const mountPoint = "/sys/fs/cgroup";
const periodMicros = 100_000;

/** For the limits that `changed` has; 0 and absent mean "as it is", below 0 "none". */
export function limitWrites(version: 1 | 2, changed: Resources): LimitWrite[] {
  return version === 2 ? writesOfV2(changed) : writesOfV1(changed);
}

/** Throws "runtime-failed" naming the file that the kernel refused. */
export function writeLimits(cgroupsPath: string, writes: readonly LimitWrite[]): void {
  const failed = writes.filter((write) => !tryWrite(cgroupsPath, write));
  // Memory and memory with swap bound each other: which goes first depends on whether they grow or shrink.
  for (const write of failed) {
    try {
      writeFileSync(pathOf(cgroupsPath, write), write.value);
    } catch (cause) {
      throw new GantryError("runtime-failed", `Cannot set ${write.file} to ${write.value}: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}

function writesOfV1(limits: Resources): LimitWrite[] {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, CpuShares = 0, CpusetCpus, CpusetMems } = limits;
  const { period, quota } = cpuTime(limits);
  const to = (hierarchy: string, file: string, value: number | string | undefined): LimitWrite[] =>
    value === undefined || value === 0 || value === "" ? [] : [{ hierarchy, file, value: String(value) }];
  return [
    ...to("memory", "memory.limit_in_bytes", Memory),
    ...to("memory", "memory.memsw.limit_in_bytes", MemorySwap),
    ...to("memory", "memory.soft_limit_in_bytes", MemoryReservation),
    ...to("cpu", "cpu.shares", CpuShares),
    ...to("cpu", "cpu.cfs_period_us", period),
    ...to("cpu", "cpu.cfs_quota_us", quota),
    ...to("cpu", "cpu.rt_period_us", limits.CpuRealtimePeriod),
    ...to("cpu", "cpu.rt_runtime_us", limits.CpuRealtimeRuntime),
    ...to("cpuset", "cpuset.cpus", CpusetCpus),
    ...to("cpuset", "cpuset.mems", CpusetMems),
    ...to("pids", "pids.max", pidsText(limits)),
    ...to("blkio", "blkio.weight", limits.BlkioWeight),
  ];
}

function writesOfV2(limits: Resources): LimitWrite[] {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, CpuShares = 0, CpusetCpus, CpusetMems } = limits;
  const { period = periodMicros, quota } = cpuTime(limits);
  const to = (file: string, value: string | undefined): LimitWrite[] =>
    value === undefined || value === "" ? [] : [{ hierarchy: "", file, value }];
  const bytes = (value: number) => (value < 0 ? "max" : String(value));
  // v2 counts swap alone, Docker's number counts memory and swap together.
  const swap =
    MemorySwap === 0 ? undefined : bytes(MemorySwap < 0 ? -1 : Math.max(0, MemorySwap - Math.max(0, Memory)));
  return [
    ...to("memory.max", Memory === 0 ? undefined : bytes(Memory)),
    ...to("memory.swap.max", swap),
    ...to("memory.low", MemoryReservation === 0 ? undefined : bytes(MemoryReservation)),
    ...to("cpu.weight", CpuShares === 0 ? undefined : String(weightOf(CpuShares))),
    ...to("cpu.max", quota === undefined ? undefined : `${quota < 0 ? "max" : quota} ${period}`),
    ...to("cpuset.cpus", CpusetCpus),
    ...to("cpuset.mems", CpusetMems),
    ...to("pids.max", pidsText(limits)),
    ...to("io.weight", limits.BlkioWeight ? String(ioWeightOf(limits.BlkioWeight)) : undefined),
  ];
}

function cpuTime({ NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 }: Resources): { period?: number; quota?: number } {
  if (NanoCpus > 0) return { period: periodMicros, quota: Math.round((NanoCpus * periodMicros) / 1e9) };
  return { ...(CpuPeriod > 0 ? { period: CpuPeriod } : {}), ...(CpuQuota === 0 ? {} : { quota: CpuQuota }) };
}

function pidsText({ PidsLimit }: Resources): string | undefined {
  if (PidsLimit === undefined || PidsLimit === null) return undefined;
  return PidsLimit > 0 ? String(PidsLimit) : "max";
}

/** From v1's 10…1000 to v2's 1…10000. */
function ioWeightOf(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/** From v1's 2…262144 to v2's 1…10000. */
function weightOf(shares: number): number {
  return 1 + Math.floor(((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142);
}

function tryWrite(cgroupsPath: string, write: LimitWrite): boolean {
  try {
    writeFileSync(pathOf(cgroupsPath, write), write.value);
    return true;
  } catch {
    return false;
  }
}

function pathOf(cgroupsPath: string, { hierarchy, file }: LimitWrite): string {
  return join(mountPoint, hierarchy, cgroupsPath, file);
}
