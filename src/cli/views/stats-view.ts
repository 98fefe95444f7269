/** One reading of a container's use as docker's `stats` prints it. Pure. */
import type { ContainerStats, CpuStats } from "../../wire/stats.js";
import type { Row } from "../template/format.js";
import { printSize } from "./table.js";

export interface StatsRow {
  readonly ID: string;
  readonly Container: string;
  readonly Name: string;
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly MemPerc: string;
  readonly NetIO: string;
  readonly BlockIO: string;
  readonly PIDs: string;
}

/** The titles of a reading's fields and the columns of the table. */
export const statsListing = {
  titles: {
    ...{ ID: "CONTAINER ID", Container: "CONTAINER", Name: "NAME", CPUPerc: "CPU %", MemUsage: "MEM USAGE / LIMIT" },
    ...{ MemPerc: "MEM %", NetIO: "NET I/O", BlockIO: "BLOCK I/O", PIDs: "PIDS" },
  },
  columns: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
} as const;

/**
 * Rates are those since the reading before. A container that does not run has dashes. `container` is what the user
 * called it.
 */
export function statsRow(
  stats: ContainerStats,
  { trunc, container }: { trunc: boolean; container: string },
): StatsRow & Row {
  const ID = trunc ? stats.id.slice(0, 12) : stats.id;
  const names = { ID, Container: container, Name: stats.name.replace(/^\//, "") };
  const { usage, limit = 0, stats: details = {} } = stats.memory_stats;
  if (usage === undefined) {
    const none = { CPUPerc: "--", MemUsage: "-- / --", MemPerc: "--", NetIO: "--", BlockIO: "--", PIDs: "--" };
    return { ...names, ...none };
  }
  // Cached file pages can be taken back at once, so that they are not counted.
  const used = usage - Math.min(usage, details.total_inactive_file ?? details.inactive_file ?? 0);
  const networks = Object.values(stats.networks ?? {});
  const blocks = stats.blkio_stats.io_service_bytes_recursive ?? [];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const ofOp = (op: RegExp) => sum(blocks.filter((one) => op.test(one.op)).map(({ value }) => value));
  return {
    ...names,
    CPUPerc: `${cpuPercent(stats.precpu_stats, stats.cpu_stats).toFixed(2)}%`,
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    MemPerc: `${(limit > 0 ? (used / limit) * 100 : 0).toFixed(2)}%`,
    NetIO: `${printSize(sum(networks.map((n) => n.rx_bytes)))} / ${printSize(sum(networks.map((n) => n.tx_bytes)))}`,
    BlockIO: `${printSize(ofOp(/^r/i))} / ${printSize(ofOp(/^w/i))}`,
    PIDs: String(stats.pids_stats.current ?? 0),
  };
}

/** Of one CPU: two busy ones are 200. */
function cpuPercent(before: CpuStats, now: CpuStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Memory comes in powers of 1024: `63.9MiB`. */
function binarySize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const at = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log2(bytes) / 10) : 0);
  return `${Number((bytes / 1024 ** at).toPrecision(4))}${units[at]}`;
}
