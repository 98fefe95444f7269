/**
 * What a cgroup has used, out of the texts of the kernel's files, v1 and v2. Does not touch the world.
 *
 * @see Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst
 */

/** Times in nanoseconds, sizes in bytes. `memoryStats` has the kernel's own names. */
export interface CgroupUsage {
  readonly cpuNanos: number;
  readonly userNanos: number;
  readonly systemNanos: number;
  /** v1 only. */
  readonly perCpuNanos?: readonly number[];
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledNanos: number;
  readonly memoryBytes: number;
  readonly memoryPeakBytes?: number;
  /** Undefined means unlimited. */
  readonly memoryLimitBytes?: number;
  readonly memoryFailures?: number;
  readonly memoryStats: Readonly<Record<string, number>>;
  readonly pids: number;
  readonly pidsLimit?: number;
  readonly io: readonly IoUsage[];
}

/** Bytes or operations on one device, since the cgroup was made. */
export interface IoUsage {
  readonly major: number;
  readonly minor: number;
  readonly op: "read" | "write";
  readonly unit: "bytes" | "operations";
  readonly value: number;
}

/** The text of a file of the cgroup, "" when it is not there. On v1 the name begins with the hierarchy's: `cpu/…`. */
export type ReadFile = (name: string) => string;

/** Clock ticks a second, as every kernel of these architectures tells user space. */
const userHz = 100;
const nanosPerTick = 1e9 / userHz;
/** What v1 says for "unlimited" is the largest multiple of a page; nothing has a petabyte. */
const v1Unlimited = 2 ** 50;

export const v1Files: readonly string[] = [
  ...["cpuacct/cpuacct.usage", "cpuacct/cpuacct.usage_percpu", "cpuacct/cpuacct.stat", "cpu/cpu.stat"],
  ...["memory/memory.usage_in_bytes", "memory/memory.max_usage_in_bytes", "memory/memory.limit_in_bytes"],
  ...["memory/memory.failcnt", "memory/memory.stat", "pids/pids.current", "pids/pids.max"],
  ...["blkio/blkio.throttle.io_service_bytes_recursive", "blkio/blkio.throttle.io_serviced_recursive"],
];

export function usageOfV1(read: ReadFile): CgroupUsage {
  const ticks = keyed(read("cpuacct/cpuacct.stat"));
  const cpu = keyed(read("cpu/cpu.stat"));
  const limit = number(read("memory/memory.limit_in_bytes"));
  return {
    cpuNanos: number(read("cpuacct/cpuacct.usage")) ?? 0,
    userNanos: (ticks.user ?? 0) * nanosPerTick,
    systemNanos: (ticks.system ?? 0) * nanosPerTick,
    perCpuNanos: read("cpuacct/cpuacct.usage_percpu").trim().split(/\s+/).filter(Boolean).map(Number),
    periods: cpu.nr_periods ?? 0,
    throttledPeriods: cpu.nr_throttled ?? 0,
    throttledNanos: cpu.throttled_time ?? 0,
    memoryBytes: number(read("memory/memory.usage_in_bytes")) ?? 0,
    memoryPeakBytes: number(read("memory/memory.max_usage_in_bytes")) ?? 0,
    ...(limit !== undefined && limit < v1Unlimited ? { memoryLimitBytes: limit } : {}),
    memoryFailures: number(read("memory/memory.failcnt")) ?? 0,
    memoryStats: keyed(read("memory/memory.stat")),
    ...pidsOf(read("pids/pids.current"), read("pids/pids.max")),
    io: [
      ...ioOfV1(read("blkio/blkio.throttle.io_service_bytes_recursive"), "bytes"),
      ...ioOfV1(read("blkio/blkio.throttle.io_serviced_recursive"), "operations"),
    ],
  };
}

export const v2Files: readonly string[] = [
  ...["cpu.stat", "memory.current", "memory.max", "memory.stat", "pids.current", "pids.max", "io.stat"],
];

export function usageOfV2(read: ReadFile): CgroupUsage {
  const cpu = keyed(read("cpu.stat"));
  const micros = (name: string) => (cpu[name] ?? 0) * 1000;
  const limit = number(read("memory.max"));
  return {
    cpuNanos: micros("usage_usec"),
    userNanos: micros("user_usec"),
    systemNanos: micros("system_usec"),
    periods: cpu.nr_periods ?? 0,
    throttledPeriods: cpu.nr_throttled ?? 0,
    throttledNanos: micros("throttled_usec"),
    memoryBytes: number(read("memory.current")) ?? 0,
    ...(limit === undefined ? {} : { memoryLimitBytes: limit }),
    memoryStats: keyed(read("memory.stat")),
    ...pidsOf(read("pids.current"), read("pids.max")),
    io: ioOfV2(read("io.stat")),
  };
}

/** Nanoseconds that all of the host's CPUs have spent, and how many CPUs there are; from `/proc/stat`. */
export function hostCpu(procStat: string): { totalNanos: number; cpus: number } {
  const fields = /^cpu +(.*)$/m.exec(procStat)?.[1]?.split(/\s+/).map(Number) ?? [];
  // The last two are part of the first two: guests' time is also users' time.
  const ticks = fields.slice(0, 8).reduce((sum, value) => sum + value, 0);
  return { totalNanos: ticks * nanosPerTick, cpus: procStat.match(/^cpu\d+ /gm)?.length ?? 0 };
}

/** Counters of one interface since it was made. */
export interface InterfaceUsage {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** By name, without `lo`; from `/proc/PID/net/dev`. */
export function interfaceUsage(netDev: string): Record<string, InterfaceUsage> {
  const lines = [...netDev.matchAll(/^\s*([^\s:]+):\s*(.*)$/gm)];
  return Object.fromEntries(
    lines
      .filter(([, name]) => name !== "lo")
      .map(([, name = "", text = ""]) => {
        const at = (index: number) => fields[index] ?? 0;
        const fields = text.trim().split(/\s+/).map(Number);
        return [
          name,
          {
            ...{ rxBytes: at(0), rxPackets: at(1), rxErrors: at(2), rxDropped: at(3) },
            ...{ txBytes: at(8), txPackets: at(9), txErrors: at(10), txDropped: at(11) },
          },
        ];
      }),
  );
}

/** `name value` on each line. */
function keyed(text: string): Record<string, number> {
  return Object.fromEntries([...text.matchAll(/^(\S+) (\d+)$/gm)].map(([, key = "", value]) => [key, Number(value)]));
}

/** Undefined for `max` and for nothing. */
function number(text: string): number | undefined {
  const trimmed = text.trim();
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

function pidsOf(current: string, max: string): { pids: number; pidsLimit?: number } {
  const limit = number(max);
  return { pids: number(current) ?? 0, ...(limit === undefined ? {} : { pidsLimit: limit }) };
}

/** `8:0 Read 4096` on each line. */
function ioOfV1(text: string, unit: IoUsage["unit"]): IoUsage[] {
  return [...text.matchAll(/^(\d+):(\d+) (Read|Write) (\d+)$/gm)].map(([, major, minor, op, value]) => ({
    ...{ major: Number(major), minor: Number(minor), op: op === "Read" ? "read" : "write" },
    ...{ unit, value: Number(value) },
  }));
}

const v2Counters = [
  { key: "rbytes", op: "read", unit: "bytes" },
  { key: "wbytes", op: "write", unit: "bytes" },
  { key: "rios", op: "read", unit: "operations" },
  { key: "wios", op: "write", unit: "operations" },
] as const;

/** `8:0 rbytes=1 wbytes=2 rios=3 …` on each line. */
function ioOfV2(text: string): IoUsage[] {
  return [...text.matchAll(/^(\d+):(\d+) (.*)$/gm)].flatMap(([, major, minor, fields = ""]) =>
    v2Counters.map(({ key, op, unit }) => {
      const value = Number(new RegExp(`\\b${key}=(\\d+)`).exec(fields)?.[1] ?? 0);
      return { major: Number(major), minor: Number(minor), op, unit, value };
    }),
  );
}
