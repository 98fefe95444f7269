/** Limits: cgroup resources, devices and rlimits of a container. Pure. Units are those of the runtime specification. */
import { GantryError } from "../../../base/errors.js";
import type { OciLinux, OciProcess } from "../../../oci/runtime-spec.js";
import type { HostConfig, Ulimit } from "../../../wire/container.js";
import { blockLimits } from "./block-limits.js";
import type { SpecDevice, SpecHost, SpecInput } from "./spec-input.js";

const cpuPeriodMicros = 100_000;
/** RLIM_INFINITY. `encodeSpec` writes it exactly. */
export const unlimited = 2 ** 64;

const limitNames = new Set([
  ...["as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue"],
  ...["nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"],
]);

interface DeviceRule {
  readonly allow: boolean;
  readonly access: string;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
}

/** What the cgroup enforces. Members that ask for nothing are left out. */
export function containerResources({ hostConfig, devices, host, blockDevices }: SpecInput): Record<string, unknown> {
  return {
    devices: deviceRules(hostConfig, devices),
    ...filled("memory", memoryLimits(hostConfig, host)),
    ...filled("cpu", cpuLimits(hostConfig)),
    ...(hostConfig.PidsLimit && hostConfig.PidsLimit > 0 ? { pids: { limit: hostConfig.PidsLimit } } : {}),
    ...filled("blockIO", blockLimits(hostConfig, host, blockDevices ?? new Map())),
  };
}

/** Device nodes beside those the runtime makes itself. */
export function containerDevices({ devices }: SpecInput): OciLinux["devices"] {
  return devices.map(({ permissions: _permissions, ...node }) => node);
}

/**
 * The asked limits; one that the engine may not raise is taken as far as it goes, as a container that starts with less
 * is worth more than one that does not. Throws "bad-parameter" when soft exceeds hard.
 */
export function containerLimits(ulimits: readonly Ulimit[], host: SpecHost): OciProcess["rlimits"] {
  return ulimits.map(({ Name = "", Soft = 0, Hard = 0 }) => {
    const name = Name.toLowerCase();
    if (!limitNames.has(name)) throw new GantryError("bad-parameter", `invalid ulimit type: ${Name}`);
    const asked = { soft: limitValue(Soft), hard: limitValue(Hard) };
    if (asked.soft > asked.hard) {
      throw new GantryError(
        "bad-parameter",
        `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`,
      );
    }
    const most = host.mayRaiseLimits ? unlimited : (host.hardLimits[name] ?? unlimited);
    const type = `RLIMIT_${name.toUpperCase()}`;
    return { type, soft: Math.min(asked.soft, most), hard: Math.min(asked.hard, most) };
  });
}

function limitValue(value: number): number {
  return value < 0 ? unlimited : value;
}

function memoryLimits(hostConfig: HostConfig, host: SpecHost): Record<string, unknown> {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, MemorySwappiness, OomKillDisable } = hostConfig;
  const v1 = host.cgroupVersion === 1;
  const swap = MemorySwap || (Memory ? 2 * Memory : 0);
  return {
    ...(Memory > 0 ? { limit: Memory } : {}),
    ...(swap !== 0 && host.swapAccounting ? { swap } : {}),
    ...(MemoryReservation > 0 ? { reservation: MemoryReservation } : {}),
    // v2 has neither; the create reply warned.
    ...(v1 && typeof MemorySwappiness === "number" && MemorySwappiness >= 0 ? { swappiness: MemorySwappiness } : {}),
    ...(v1 && OomKillDisable ? { disableOOMKiller: true } : {}),
  };
}

function cpuLimits(hostConfig: HostConfig): Record<string, unknown> {
  const { NanoCpus = 0, CpuShares = 0, CpuPeriod = 0, CpuQuota = 0, CpusetCpus, CpusetMems } = hostConfig;
  const { CpuRealtimePeriod = 0, CpuRealtimeRuntime = 0 } = hostConfig;
  const byCpus = NanoCpus > 0;
  return {
    ...(CpuShares > 0 ? { shares: CpuShares } : {}),
    ...(byCpus ? { period: cpuPeriodMicros, quota: Math.round((NanoCpus * cpuPeriodMicros) / 1e9) } : {}),
    ...(!byCpus && CpuPeriod > 0 ? { period: CpuPeriod } : {}),
    ...(!byCpus && CpuQuota !== 0 ? { quota: CpuQuota } : {}),
    ...(CpuRealtimePeriod > 0 ? { realtimePeriod: CpuRealtimePeriod } : {}),
    ...(CpuRealtimeRuntime !== 0 ? { realtimeRuntime: CpuRealtimeRuntime } : {}),
    ...(CpusetCpus ? { cpus: CpusetCpus } : {}),
    ...(CpusetMems ? { mems: CpusetMems } : {}),
  };
}

/** Deny all, then what every container needs, then what was asked for. Privileged: everything. */
function deviceRules(hostConfig: HostConfig, devices: readonly SpecDevice[]): DeviceRule[] {
  if (hostConfig.Privileged) return [{ allow: true, access: "rwm" }];
  const common = [
    [1, 3],
    [1, 5],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
  ].map(([major, minor]) => ({
    allow: true,
    type: "c",
    major: major ?? 0,
    minor: minor ?? 0,
    access: "rwm",
  }));
  const asked = devices.map(({ type, major, minor, permissions }) => ({
    allow: true,
    type,
    major,
    minor,
    access: permissions,
  }));
  const rules = (hostConfig.DeviceCgroupRules ?? []).map(parseDeviceRule);
  return [
    { allow: false, access: "rwm" },
    ...common,
    { allow: false, type: "c", major: 10, minor: 229, access: "rwm" }, // fuse
    ...asked,
    ...rules,
  ];
}

/** `c 42:* rwm`; `a` with `*:*` for all. Throws "bad-parameter". */
function parseDeviceRule(text: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text.trim());
  if (!match) throw new GantryError("bad-parameter", `invalid device cgroup rule format: '${text}'`);
  const [, type = "a", major = "*", minor = "*", access = "rwm"] = match;
  const number = (part: string) => (part === "*" ? -1 : Number(part));
  return { allow: true, type, major: number(major), minor: number(minor), access };
}

function filled(key: string, value: Record<string, unknown>): Record<string, unknown> {
  return Object.keys(value).length > 0 ? { [key]: value } : {};
}
