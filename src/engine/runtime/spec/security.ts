/** What confines a container: capabilities, seccomp, AppArmor, SELinux, hidden paths, kernel parameters. Pure. */
import { GantryError } from "../../../base/errors.js";
import type { OciCapabilities, OciSeccomp } from "../../../oci/runtime-spec.js";
import type { HostConfig } from "../../../wire/container.js";
import { containerCapabilities } from "./capabilities.js";
import { defaultSeccomp } from "./seccomp.js";
import { parseSeccompProfile } from "./seccomp-profile.js";
import { parseSecurityOptions, type SecurityOptions } from "./security-options.js";
import type { SpecHost, SpecInput } from "./spec-input.js";

const defaultMaskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];
const defaultReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
/** Parameters that a container's own namespaces hold; all others are the host's. */
const ipcSysctls = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/;

/** No inheritable and no ambient ones, as Docker; a user other than root keeps the bounding set only. */
export function processCapabilities(hostConfig: HostConfig, host: SpecHost, uid: number): OciCapabilities {
  const { CapAdd, CapDrop, Privileged } = hostConfig;
  const asked = { add: CapAdd ?? [], drop: CapDrop ?? [], privileged: Privileged ?? false };
  const names = containerCapabilities(asked, host.capabilities);
  const held = uid === 0 ? names : [];
  return { bounding: names, effective: held, permitted: held, inheritable: [], ambient: [] };
}

/** Undefined: no filter (privileged, unconfined, or a kernel without). Throws "bad-parameter" for a bad profile. */
export function processSeccomp(
  { hostConfig, host }: SpecInput,
  options: SecurityOptions,
  capabilities: readonly string[],
): OciSeccomp | undefined {
  if (!host.seccomp || options.seccomp === "unconfined") return undefined;
  if (options.seccomp && options.seccomp !== "builtin") {
    return parseSeccompProfile(options.seccomp, host, capabilities);
  }
  return hostConfig.Privileged ? undefined : defaultSeccomp(host.arch, capabilities);
}

/** Undefined where nothing is to be set. Without AppArmor a profile that was asked for is nothing, as for Docker. */
export function processAppArmor(
  { hostConfig, host }: Pick<SpecInput, "hostConfig" | "host">,
  options: SecurityOptions,
): string | undefined {
  if (!host.appArmor && host.appArmorProfile === undefined) return undefined;
  return options.appArmor || (hostConfig.Privileged ? "unconfined" : host.appArmorProfile);
}

export function maskedPaths({ Privileged, MaskedPaths, SecurityOpt }: HostConfig): string[] {
  if (parseSecurityOptions(SecurityOpt ?? []).unconfinedPaths) return [];
  return MaskedPaths ?? (Privileged ? [] : defaultMaskedPaths);
}

export function readonlyPaths({ Privileged, ReadonlyPaths, SecurityOpt }: HostConfig): string[] {
  if (parseSecurityOptions(SecurityOpt ?? []).unconfinedPaths) return [];
  return ReadonlyPaths ?? (Privileged ? [] : defaultReadonlyPaths);
}

/**
 * Kernel parameters of the container's own namespaces. Low ports and ping need no privilege in a network namespace of
 * its own, as under Docker. Throws "bad-parameter" for a parameter that would change the host.
 */
export function containerSysctls({ hostConfig, network, ipc }: SpecInput): Record<string, string> {
  const asked = hostConfig.Sysctls ?? {};
  for (const name of Object.keys(asked)) {
    const isOwn =
      (name.startsWith("net.") && network.kind !== "host") || (ipcSysctls.test(name) && ipc.kind !== "host");
    if (!isOwn) {
      throw new GantryError("bad-parameter", `sysctl '${name}' is not in a separate kernel namespace`, {
        hint: "Set it on the host, or drop it from the service.",
      });
    }
  }
  const ownNetwork = { "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647" };
  return { ...(network.kind === "private" || network.kind === "path" ? ownNetwork : {}), ...asked };
}
