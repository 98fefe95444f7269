/**
 * A host configuration with Docker's defaults filled in, and its refusals.
 *
 * Pure. `facts` tells what the defaults depend on.
 */
import { GantryError } from "../../../base/errors.js";
import type { HostConfig, RestartPolicy } from "../../../wire/container.js";

export interface HostFacts {
  readonly cgroupVersion: 1 | 2;
  readonly cpus: number;
  readonly runtime: string;
}

const defaultShmBytes = 64 * 1024 ** 2;
const leastMemoryBytes = 6 * 1024 ** 2;
const restartNames = ["", "no", "always", "unless-stopped", "on-failure"];
const logOptions = ["max-size", "max-file", "max-buffer-size", "mode", "compress", "tag", "labels", "env"];

/** Throws "bad-parameter" for what Docker refuses at create. Injected files are left out: they are kept elsewhere. */
export function completeHostConfig(request: HostConfig, facts: HostFacts): HostConfig {
  checkResources(request, facts);
  checkRestartPolicy(request);
  const { GantryFiles: _files, ...asked } = request;
  const isolated = !request.Privileged && facts.cgroupVersion === 2;
  return {
    ...asked,
    NetworkMode: request.NetworkMode === "default" || !request.NetworkMode ? "bridge" : request.NetworkMode,
    RestartPolicy: { Name: request.RestartPolicy?.Name || "no", MaximumRetryCount: retriesOf(request.RestartPolicy) },
    LogConfig: completeLogConfig(request.LogConfig),
    ShmSize: request.ShmSize || defaultShmBytes,
    IpcMode: request.IpcMode || "private",
    CgroupnsMode: request.CgroupnsMode || (isolated ? "private" : "host"),
    Runtime: request.Runtime || facts.runtime,
    MemorySwap: request.MemorySwap || (request.Memory ? request.Memory * 2 : 0),
    MemorySwappiness: request.MemorySwappiness === -1 ? null : (request.MemorySwappiness ?? null),
    PidsLimit: request.PidsLimit && request.PidsLimit > 0 ? request.PidsLimit : null,
    OomKillDisable: facts.cgroupVersion === 1 ? (request.OomKillDisable ?? false) : null,
    PortBindings: request.PortBindings ?? {},
    AutoRemove: request.AutoRemove ?? false,
    Privileged: request.Privileged ?? false,
    ReadonlyRootfs: request.ReadonlyRootfs ?? false,
  };
}

/** What cannot be had on this host, one sentence each, for the create reply. */
export function hostWarnings(request: HostConfig, facts: HostFacts & { seLinux: boolean }): string[] {
  const warnings: string[] = [];
  if (facts.cgroupVersion === 2 && request.OomKillDisable)
    warnings.push("OomKillDisable is not supported on cgroup v2");
  if (facts.cgroupVersion === 2 && (request.MemorySwappiness ?? -1) >= 0) {
    warnings.push("MemorySwappiness is not supported on cgroup v2");
  }
  const relabelled = (request.Binds ?? []).some((bind) => /^[^:]*:[^:]*:(.*,)?[zZ](,|$)/.test(bind));
  if (relabelled && !facts.seLinux) warnings.push("SELinux is not enabled: the z and Z options of mounts do nothing");
  if (request.StorageOpt && Object.keys(request.StorageOpt).length > 0) {
    warnings.push("StorageOpt is not supported: the writable layer has no size limit");
  }
  return warnings;
}

function completeLogConfig(config: HostConfig["LogConfig"]): HostConfig["LogConfig"] {
  const Type = config?.Type || "json-file";
  if (!["json-file", "local", "none"].includes(Type)) {
    throw new GantryError("bad-parameter", `logger: no log driver named '${Type}' is registered`, {
      hint: "Use json-file, local or none.",
    });
  }
  for (const key of Object.keys(config?.Config ?? {})) {
    if (!logOptions.includes(key))
      throw new GantryError("bad-parameter", `unknown log opt '${key}' for ${Type} log driver`);
  }
  return { Type, Config: config?.Config ?? {} };
}

function checkResources(request: HostConfig, { cpus }: HostFacts): void {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 } = request;
  if (Memory > 0 && Memory < leastMemoryBytes) refuse("Minimum memory limit allowed is 6MB");
  if (MemorySwap > 0 && Memory === 0) refuse("You should always set the Memory limit when using Memoryswap limit");
  if (MemorySwap > 0 && MemorySwap < Memory) {
    refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  if (NanoCpus > 0 && (CpuPeriod > 0 || CpuQuota > 0)) {
    refuse("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  }
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9) {
    refuse(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
}

function checkRestartPolicy({ RestartPolicy: policy, AutoRemove }: HostConfig): void {
  const name = policy?.Name ?? "";
  if (!restartNames.includes(name)) refuse(`invalid restart policy: unknown policy '${name}'`);
  if (AutoRemove && name !== "" && name !== "no") refuse("can't create 'AutoRemove' container with restart policy");
  if ((policy?.MaximumRetryCount ?? 0) < 0) refuse("invalid restart policy: maximum retry count cannot be negative");
  if (name !== "on-failure" && (policy?.MaximumRetryCount ?? 0) > 0) {
    refuse("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
}

function retriesOf(policy: RestartPolicy | undefined): number {
  return policy?.MaximumRetryCount ?? 0;
}

function refuse(message: string): never {
  throw new GantryError("bad-parameter", message);
}
