/** What confines a container: capabilities, seccomp, AppArmor, SELinux, hidden paths, kernel parameters. Pure. */
import { GantryError } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";
import type { OciCapabilities, OciSeccomp } from "../../../oci/runtime-spec.js";
import type { HostConfig } from "../../../wire/container.js";
import { containerCapabilities } from "./capabilities.js";
import { defaultSeccomp } from "./seccomp.js";
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

/** `SecurityOpt`, read. Absent members were not asked for. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccomp: string | undefined;
  readonly appArmor: string | undefined;
  readonly selinuxLabel: string | undefined;
}

/** Accepts `key=value` and the old `key:value`. Throws "bad-parameter" for an unknown key. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  const parsed = { noNewPrivileges: false, labels: [] as string[] } as {
    noNewPrivileges: boolean;
    seccomp?: string;
    appArmor?: string;
    labels: string[];
  };
  for (const option of options) {
    const [, key = option, value = ""] = /^([^=:]+)[=:]([\s\S]*)$/.exec(option) ?? [];
    if (key === "no-new-privileges") parsed.noNewPrivileges = value !== "false";
    else if (key === "seccomp") parsed.seccomp = value;
    else if (key === "apparmor") parsed.appArmor = value;
    else if (key === "label") parsed.labels.push(value);
    else if (key !== "disable" && key !== "writable-cgroups" && key !== "systempaths") {
      throw new GantryError("bad-parameter", `invalid --security-opt 2: "${option}"`);
    }
  }
  const { noNewPrivileges, seccomp, appArmor, labels } = parsed;
  return { noNewPrivileges, seccomp, appArmor, selinuxLabel: selinuxLabel(labels) };
}

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
  if (options.seccomp && options.seccomp !== "builtin") return parseSeccomp(options.seccomp, host, capabilities);
  return hostConfig.Privileged ? undefined : defaultSeccomp(host.arch, capabilities);
}

export function processAppArmor({ hostConfig, host }: SpecInput, options: SecurityOptions): string | undefined {
  if (host.appArmorProfile === undefined) return undefined;
  return options.appArmor || (hostConfig.Privileged ? "unconfined" : host.appArmorProfile);
}

export function maskedPaths({ Privileged, MaskedPaths }: HostConfig): string[] {
  return MaskedPaths ?? (Privileged ? [] : defaultMaskedPaths);
}

export function readonlyPaths({ Privileged, ReadonlyPaths }: HostConfig): string[] {
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

/** A profile that came with the request, in Docker's format: the entries that apply to these capabilities and arch. */
function parseSeccomp(text: string, host: SpecHost, capabilities: readonly string[]): OciSeccomp {
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (cause) {
    throw new GantryError("bad-parameter", "Decoding seccomp profile failed", { cause });
  }
  if (!isRecord(profile) || typeof profile.defaultAction !== "string") {
    throw new GantryError("bad-parameter", "Decoding seccomp profile failed: no defaultAction");
  }
  const rules = Array.isArray(profile.syscalls) ? profile.syscalls.filter(isRecord) : [];
  const kept = rules.filter((rule) => applies(rule.includes, true) && !applies(rule.excludes, false));
  const architectures = Array.isArray(profile.architectures) ? profile.architectures.map(String) : undefined;
  return {
    ...(defaultSeccomp(host.arch, [])
      ? { architectures: architectures ?? defaultSeccomp(host.arch, [])?.architectures }
      : {}),
    defaultAction: profile.defaultAction,
    ...(typeof profile.defaultErrnoRet === "number" ? { defaultErrnoRet: profile.defaultErrnoRet } : {}),
    syscalls: kept.map(seccompRule),
  } as OciSeccomp; // the members were checked one by one above

  /** A condition without members holds (`includes`) or is absent (`excludes`). */
  function applies(condition: unknown, whenEmpty: boolean): boolean {
    if (!isRecord(condition)) return whenEmpty;
    const caps = Array.isArray(condition.caps) ? condition.caps.map(String) : [];
    const arches = Array.isArray(condition.arches) ? condition.arches.map(String) : [];
    if (caps.length + arches.length === 0) return whenEmpty;
    const arch = host.arch === "x64" ? "amd64" : host.arch;
    const byCaps = caps.every((name) => capabilities.includes(name));
    const byArch = arches.length === 0 || arches.includes(arch);
    return whenEmpty
      ? byCaps && byArch
      : (caps.length > 0 && caps.some((name) => capabilities.includes(name))) || (arches.length > 0 && byArch);
  }
}

function seccompRule(rule: Record<string, unknown>): OciSeccomp["syscalls"][number] {
  const names = Array.isArray(rule.names) ? rule.names.map(String) : typeof rule.name === "string" ? [rule.name] : [];
  const args = Array.isArray(rule.args) ? rule.args.filter(isRecord) : [];
  return {
    names,
    action: String(rule.action),
    ...(typeof rule.errnoRet === "number" ? { errnoRet: rule.errnoRet } : {}),
    ...(args.length > 0
      ? {
          args: args.map((arg) => ({
            index: Number(arg.index),
            value: Number(arg.value),
            valueTwo: Number(arg.valueTwo ?? 0),
            op: String(arg.op),
          })),
        }
      : {}),
  };
}

/** `user:U role:R type:T level:L` joined as SELinux writes labels; undefined when there is nothing to set. */
function selinuxLabel(labels: readonly string[]): string | undefined {
  if (labels.length === 0 || labels.includes("disable")) return undefined;
  const part = (name: string, otherwise: string) =>
    labels.find((label) => label.startsWith(`${name}:`))?.slice(name.length + 1) ?? otherwise;
  return [part("user", "system_u"), part("role", "system_r"), part("type", "container_t"), part("level", "s0")].join(
    ":",
  );
}
