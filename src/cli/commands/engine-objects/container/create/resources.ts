/** Limits and devices: the flags that `create`, `run` and `update` have in common, and those of the first two. Pure. */
import { GantryError } from "../../../../../base/errors.js";
import type { DeviceMapping, DeviceRequest, Resources, ThrottleDevice, Ulimit } from "../../../../../wire/container.js";
import { parseBytes, parseInteger } from "../../../../options.js";
import type { CreateOptions } from "./create-options.js";
import { splitCsv, splitField } from "./csv.js";
import { copy, optional, size, whole } from "./optional.js";

/** Only what was said. Throws "bad-parameter", naming the flag. */
export function resources(options: Partial<CreateOptions>): Resources {
  const named = (options.device ?? []).filter(isCdiName);
  const requests = [
    ...(named.length > 0 ? [{ Driver: "cdi", DeviceIDs: named }] : []),
    ...(options.gpus ?? []).map(parseGpus),
  ];
  return optional<Resources>({
    ...limits(options),
    BlkioWeight: whole(options.blkioWeight, "--blkio-weight"),
    BlkioWeightDevice: options.blkioWeightDevice?.map(parseWeight),
    BlkioDeviceReadBps: options.deviceReadBps?.map((text) => parseRate(text, "--device-read-bps", parseBytes)),
    BlkioDeviceWriteBps: options.deviceWriteBps?.map((text) => parseRate(text, "--device-write-bps", parseBytes)),
    BlkioDeviceReadIOps: options.deviceReadIops?.map((text) => parseRate(text, "--device-read-iops", parseInteger)),
    BlkioDeviceWriteIOps: options.deviceWriteIops?.map((text) => parseRate(text, "--device-write-iops", parseInteger)),
    Devices: options.device?.filter((text) => !isCdiName(text)).map(parseDevice),
    DeviceCgroupRules: copy(options.deviceCgroupRule),
    DeviceRequests: requests.length > 0 ? requests : undefined,
    Ulimits: options.ulimit?.map(parseUlimit),
    CgroupParent: options.cgroupParent,
    CpuCount: whole(options.cpuCount, "--cpu-count"),
    CpuPercent: whole(options.cpuPercent, "--cpu-percent"),
    IOMaximumIOps: whole(options.ioMaxiops, "--io-maxiops"),
    IOMaximumBandwidth: size(options.ioMaxbandwidth, "--io-maxbandwidth"),
  } as Resources);
}

function limits(options: Partial<CreateOptions>) {
  const swappiness = whole(options.memorySwappiness, "--memory-swappiness");
  return {
    Memory: size(options.memory, "--memory"),
    MemoryReservation: size(options.memoryReservation, "--memory-reservation"),
    MemorySwap: size(options.memorySwap, "--memory-swap"),
    MemorySwappiness: swappiness === -1 ? undefined : swappiness,
    KernelMemory: size(options.kernelMemory, "--kernel-memory"),
    OomKillDisable: options.oomKillDisable,
    NanoCpus: nanoCpus(options.cpus),
    CpuShares: whole(options.cpuShares, "--cpu-shares"),
    CpuPeriod: whole(options.cpuPeriod, "--cpu-period"),
    CpuQuota: whole(options.cpuQuota, "--cpu-quota"),
    CpuRealtimePeriod: whole(options.cpuRtPeriod, "--cpu-rt-period"),
    CpuRealtimeRuntime: whole(options.cpuRtRuntime, "--cpu-rt-runtime"),
    CpusetCpus: options.cpusetCpus,
    CpusetMems: options.cpusetMems,
    PidsLimit: whole(options.pidsLimit, "--pids-limit"),
  };
}

function nanoCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d*(\.\d{1,9})?$/.test(text) || text === "") throw refused("--cpus", text, "write a number of CPUs, as 1.5");
  return Math.round(Number(text) * 1e9);
}

/** `nofile=1024:2048`; one number is both. Throws "bad-parameter". */
function parseUlimit(text: string): Ulimit {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) throw refused("--ulimit", text, "write it as nofile=1024:2048");
  const [soft, hard] = [Number(match[2]), Number(match[3] ?? match[2])];
  if (hard !== -1 && (soft > hard || soft === -1))
    throw refused("--ulimit", text, "the soft limit is above the hard one");
  return { Name: match[1] ?? "", Soft: soft, Hard: hard };
}

/** `vendor.com/class=name`, which a CDI specification on the engine's host explains. */
function isCdiName(text: string): boolean {
  return /^[A-Za-z][\w.-]*\/[A-Za-z][\w.-]*=[\w.:-]+$/.test(text);
}

/** `/dev/x[:/dev/y][:rwm]`. Throws "bad-parameter". */
function parseDevice(text: string): DeviceMapping {
  const [host = "", second, third] = text.split(":");
  const isMode = (word: string | undefined) => word !== undefined && /^[rwm]+$/.test(word);
  const permissions = third ?? (isMode(second) ? second : "rwm");
  const inside = second !== undefined && !isMode(second) ? second : host;
  if (!host.startsWith("/") || !isMode(permissions)) throw refused("--device", text, "write it as /dev/x:/dev/y:rw");
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions ?? "rwm" };
}

/** `all`, a number, or `device=0,1` and such. Throws "bad-parameter". */
function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = {};
  const capabilities = new Set(["gpu"]);
  for (const [name, value] of splitCsv(text).map(splitField)) {
    if (value === undefined) request.Count = name === "all" ? -1 : gpuCount(name, text);
    else if (name === "count") request.Count = value === "all" ? -1 : gpuCount(value, text);
    else if (name === "driver") request.Driver = value;
    else if (name === "device") request.DeviceIDs = value.split(",");
    else if (name === "capabilities") for (const one of value.split(",")) capabilities.add(one);
    else if (name === "options") request.Options = Object.fromEntries(value.split(",").map((word) => pairOf(word)));
    else throw refused("--gpus", text, `${name} is not known`);
  }
  if (request.Count === undefined && !request.DeviceIDs) request.Count = 1;
  return { ...request, Capabilities: [[...capabilities]] };
}

function gpuCount(word: string, text: string): number {
  if (/^\d+$/.test(word)) return Number(word);
  throw refused("--gpus", text, "write all, a number, or device=0");
}

function pairOf(word: string): [string, string] {
  const [name, value = ""] = splitField(word);
  return [name, value];
}

/** `/dev/sda:300`. */
function parseWeight(text: string): { Path: string; Weight: number } {
  const { path, value } = deviceAnd(text, "--blkio-weight-device");
  return { Path: path, Weight: parseInteger(value, "--blkio-weight-device") };
}

function parseRate(text: string, flag: string, read: (value: string, flag: string) => number): ThrottleDevice {
  const { path, value } = deviceAnd(text, flag);
  return { Path: path, Rate: read(value, flag) };
}

function deviceAnd(text: string, flag: string): { path: string; value: string } {
  const match = /^(\/dev\/[^:]+):(.+)$/.exec(text);
  if (!match) throw refused(flag, text, "write it as /dev/sda:1mb");
  return { path: match[1] ?? "", value: match[2] ?? "" };
}

function refused(flag: string, text: string, why: string): GantryError {
  return new GantryError("bad-parameter", `${flag}: ${text}: ${why}`);
}
