/** What a container uses now, and how the API says it. */
import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import type { ContainerStats, CpuStats } from "../../../wire/stats.js";
import { type CgroupUsage, hostCpu, type InterfaceUsage } from "../../runtime/stats/cgroup-usage.js";
import { readCgroupUsage, readInterfaceUsage } from "../../runtime/stats/read-usage.js";
import type { Container } from "../lifecycle/container.js";
import { type ContainerRecord, zeroTime } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import { cgroupsPathOf } from "./update.js";

/** One reading; `undefined` for a container without process. */
export interface StatsSample {
  /** RFC 3339. */
  readonly readAt: string;
  readonly usage: CgroupUsage;
  readonly host: { readonly totalNanos: number; readonly cpus: number; readonly memoryBytes: number };
  /** Undefined on the host's own network. */
  readonly interfaces: Readonly<Record<string, InterfaceUsage>> | undefined;
}

/** Touches the world. */
export async function sampleStats(rooms: Rooms, container: Container): Promise<StatsSample | undefined> {
  const { record } = container;
  const { process } = record.state;
  if (!hasProcess(container.status) || !process) return undefined;
  const onHost = record.hostConfig.NetworkMode === "host";
  const [usage, interfaces, procStat] = await Promise.all([
    readCgroupUsage(cgroupsPathOf(rooms, record)),
    onHost ? undefined : readInterfaceUsage(process.pid),
    readFile("/proc/stat", "utf8"),
  ]);
  const host = { ...hostCpu(procStat), memoryBytes: totalmem() };
  return { readAt: rooms.clock.now().toISOString(), usage, host, interfaces };
}

/** Pure. `before` is the reading that rates are told from; without `now` everything is zero. */
export function describeStats(
  { id, name }: Pick<ContainerRecord, "id" | "name">,
  now: StatsSample | undefined,
  before: StatsSample | undefined,
): ContainerStats {
  return {
    name: `/${name}`,
    id,
    read: now?.readAt ?? zeroTime,
    preread: before?.readAt ?? zeroTime,
    num_procs: 0,
    pids_stats: now ? pidsStats(now.usage) : {},
    blkio_stats: blkioStats(now),
    storage_stats: {},
    cpu_stats: cpuStats(now),
    precpu_stats: cpuStats(before),
    memory_stats: now ? memoryStats(now) : {},
    ...(Object.keys(now?.interfaces ?? {}).length > 0 ? { networks: networkStats(now?.interfaces ?? {}) } : {}),
  };
}

function pidsStats({ pids, pidsLimit }: CgroupUsage): ContainerStats["pids_stats"] {
  return { current: pids, ...(pidsLimit === undefined ? {} : { limit: pidsLimit }) };
}

function cpuStats(sample: StatsSample | undefined): CpuStats {
  const usage = sample?.usage;
  return {
    cpu_usage: {
      total_usage: usage?.cpuNanos ?? 0,
      usage_in_kernelmode: usage?.systemNanos ?? 0,
      usage_in_usermode: usage?.userNanos ?? 0,
      ...(usage?.perCpuNanos ? { percpu_usage: [...usage.perCpuNanos] } : {}),
    },
    ...(sample ? { system_cpu_usage: sample.host.totalNanos, online_cpus: sample.host.cpus } : {}),
    throttling_data: {
      periods: usage?.periods ?? 0,
      throttled_periods: usage?.throttledPeriods ?? 0,
      throttled_time: usage?.throttledNanos ?? 0,
    },
  };
}

function memoryStats({ usage, host }: StatsSample): ContainerStats["memory_stats"] {
  return {
    usage: usage.memoryBytes,
    ...(usage.memoryPeakBytes === undefined ? {} : { max_usage: usage.memoryPeakBytes }),
    ...(usage.memoryFailures ? { failcnt: usage.memoryFailures } : {}),
    limit: Math.min(usage.memoryLimitBytes ?? host.memoryBytes, host.memoryBytes),
    stats: { ...usage.memoryStats },
  };
}

function blkioStats(sample: StatsSample | undefined): ContainerStats["blkio_stats"] {
  const list = (unit: "bytes" | "operations") =>
    sample?.usage.io
      .filter((one) => one.unit === unit)
      .map(({ major, minor, op, value }) => ({ major, minor, op, value })) ?? null;
  const gone = sample?.usage.perCpuNanos ? [] : null; // only v1 counts each CPU
  return {
    ...{ io_service_bytes_recursive: list("bytes"), io_serviced_recursive: list("operations") },
    ...{ io_queue_recursive: gone, io_service_time_recursive: gone, io_wait_time_recursive: gone },
    ...{ io_merged_recursive: gone, io_time_recursive: gone, sectors_recursive: gone },
  };
}

function networkStats(interfaces: Readonly<Record<string, InterfaceUsage>>): ContainerStats["networks"] {
  return Object.fromEntries(
    Object.entries(interfaces).map(([name, counters]) => [
      name,
      {
        rx_bytes: counters.rxBytes,
        rx_packets: counters.rxPackets,
        rx_errors: counters.rxErrors,
        rx_dropped: counters.rxDropped,
        tx_bytes: counters.txBytes,
        tx_packets: counters.txPackets,
        tx_errors: counters.txErrors,
        tx_dropped: counters.txDropped,
      },
    ]),
  );
}
