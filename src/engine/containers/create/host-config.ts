/**
 * A host configuration with Docker's defaults filled in, and what of it this host goes without.
 *
 * Pure. `facts` tells what the defaults depend on.
 */
import type { HostConfig, RestartPolicy } from "../../../wire/container.js";
import { maskedPaths, readonlyPaths } from "../../runtime/spec/security.js";
import type { SpecHost } from "../../runtime/spec/spec-input.js";
import { checkHostConfig } from "./check-host-config.js";

export interface HostFacts {
  readonly cgroupVersion: 1 | 2;
  readonly cpus: number;
  readonly runtime: string;
  /** Names that may be asked for; undefined where the caller does not know them. */
  readonly runtimes?: readonly string[];
  readonly spec?: SpecHost;
}

const defaultShmBytes = 64 * 1024 ** 2;

/**
 * Throws "bad-parameter" for what Docker refuses at create. Injected files and standby are left out: they are kept
 * elsewhere.
 */
export function completeHostConfig(request: HostConfig, facts: HostFacts): HostConfig {
  checkHostConfig(request, facts);
  const { GantryFiles: _files, GantryStandby: _standby, ...asked } = request;
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
    MemorySwap: request.MemorySwap || swapOf(request.Memory ?? 0),
    MemorySwappiness: request.MemorySwappiness === -1 ? null : (request.MemorySwappiness ?? null),
    PidsLimit: request.PidsLimit && request.PidsLimit > 0 ? request.PidsLimit : null,
    OomKillDisable: facts.cgroupVersion === 1 ? (request.OomKillDisable ?? false) : null,
    PortBindings: request.PortBindings ?? {},
    AutoRemove: request.AutoRemove ?? false,
    Privileged: request.Privileged ?? false,
    ReadonlyRootfs: request.ReadonlyRootfs ?? false,
    MaskedPaths: maskedPaths(request),
    ReadonlyPaths: readonlyPaths(request),
  };
}

/** What this host's kernel cannot do and the container goes without, in Docker's words, for the create reply. */
export function hostWarnings(request: HostConfig, { cgroupVersion, spec }: HostFacts): string[] {
  const warnings: string[] = [];
  const { OomKillDisable, MemorySwappiness, Memory = 0, BlkioWeight, BlkioWeightDevice, KernelMemory } = request;
  if (cgroupVersion === 2 && OomKillDisable) {
    warnings.push("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
  } else if (OomKillDisable && Memory === 0) {
    warnings.push(
      "OOM killer is disabled for the container, but no memory limit is set, " +
        "this can result in the system running out of resources.",
    );
  }
  if (cgroupVersion === 2 && (MemorySwappiness ?? -1) >= 0) {
    warnings.push("Your kernel does not support memory swappiness capabilities. Memory swappiness discarded.");
  }
  if (BlkioWeight && spec?.blockWeights === false) {
    warnings.push("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.");
  }
  if (BlkioWeightDevice?.length && spec?.blockWeights === false) {
    warnings.push(
      "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.",
    );
  }
  if (KernelMemory) {
    warnings.push("Specifying a kernel memory limit is deprecated and has no effect.");
  }
  return warnings;
}

function completeLogConfig(config: HostConfig["LogConfig"]): HostConfig["LogConfig"] {
  return { Type: config?.Type || "json-file", Config: config?.Config ?? {} };
}

/** As much swap as memory; without a limit none of it either. */
function swapOf(memory: number): number {
  return memory > 0 ? memory * 2 : Math.max(memory, -1);
}

function retriesOf(policy: RestartPolicy | undefined): number {
  return policy?.MaximumRetryCount ?? 0;
}
