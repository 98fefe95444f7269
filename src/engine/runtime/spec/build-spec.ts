/**
 * A container's runtime configuration (`config.json`), from what the user asked and what the host has.
 *
 * Pure: equal inputs give equal configurations. The mapping is Docker Engine's, so that a container finds the same
 * world under either.
 */
import { GantryError } from "../../../base/errors.js";
import type { OciLinux, OciProcess, OciSpec } from "../../../oci/runtime-spec.js";
import type { ExecCreateBody } from "../../../wire/container.js";
import { containerMounts, rootPropagation, usesInit } from "./mounts.js";
import { containerDevices, containerLimits, containerResources, unlimited } from "./resources.js";
import {
  containerSysctls,
  maskedPaths,
  processAppArmor,
  processCapabilities,
  processSeccomp,
  readonlyPaths,
} from "./security.js";
import { parseSecurityOptions } from "./security-options.js";
import type { SpecInput } from "./spec-input.js";
import type { ResolvedUser } from "./users.js";

const ociVersion = "1.0.2";
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Throws "bad-parameter" for what Docker refuses (unknown capability, foreign sysctl, no command, …). */
export function buildSpec(input: SpecInput): OciSpec {
  const { config, hostConfig } = input;
  const hostname = containerHostname(input);
  return {
    ociVersion,
    process: containerProcess(input),
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs ?? false },
    ...(hostname === undefined ? {} : { hostname }),
    mounts: containerMounts(input),
    ...(hostConfig.Annotations ? { annotations: hostConfig.Annotations } : {}),
    ...(input.edits && Object.keys(input.edits.hooks).length > 0 ? { hooks: { ...input.edits.hooks } } : {}),
    linux: containerLinux(input, config.Domainname ?? ""),
  };
}

/**
 * The process of an exec: the container's own, with another command, user, directory and terminal. `user` is the
 * container's unless the exec names one.
 */
export function buildExecProcess(
  input: Pick<SpecInput, "config" | "hostConfig" | "host" | "containerId">,
  exec: ExecCreateBody,
  options: { user: ResolvedUser; size?: readonly [number, number] | undefined },
): OciProcess {
  const tty = exec.Tty ?? false;
  const hostConfig = exec.Privileged ? { ...input.hostConfig, Privileged: true } : input.hostConfig;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const appArmor = processAppArmor({ ...input, hostConfig }, security);
  const size = options.size && tty && options.size[0] > 0 ? options.size : undefined;
  const rlimits = containerLimits(hostConfig.Ulimits ?? [], input.host);
  return {
    terminal: tty,
    ...(size ? { consoleSize: { height: size[0], width: size[1] } } : {}),
    user: processUser(options.user),
    args: [...(exec.Cmd ?? [])],
    env: mergeEnv(processEnv(input, tty, options.user), exec.Env ?? []),
    cwd: exec.WorkingDir || input.config.WorkingDir || "/",
    capabilities: processCapabilities(hostConfig, input.host, options.user.uid),
    ...(rlimits && rlimits.length > 0 ? { rlimits } : {}),
    noNewPrivileges: security.noNewPrivileges,
    ...(appArmor === undefined ? {} : { apparmorProfile: appArmor }),
    ...(hostConfig.OomScoreAdj ? { oomScoreAdj: hostConfig.OomScoreAdj } : {}),
  };
}

/** The text of `config.json` or of a process file. Writes "unlimited" exactly, which a JavaScript number cannot be. */
export function encodeSpec(value: OciSpec | OciProcess): string {
  return JSON.stringify(value).replaceAll(String(unlimited), "18446744073709551615");
}

/** First 12 of the id unless asked otherwise; none with the host's UTS namespace. */
function containerHostname({ config, hostConfig, containerId }: SpecInput): string | undefined {
  return hostConfig.UTSMode === "host" ? undefined : config.Hostname || containerId.slice(0, 12);
}

function containerProcess(input: SpecInput): OciProcess {
  const { config, hostConfig, host, user } = input;
  const tty = config.Tty ?? false;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const [height = 0, width = 0] = hostConfig.ConsoleSize ?? [];
  const appArmor = processAppArmor(input, security);
  const rlimits = containerLimits(hostConfig.Ulimits ?? [], host);
  return {
    terminal: tty,
    ...(tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: processUser(user, input.edits?.additionalGids),
    args: containerArgs(input),
    env: mergeEnv(processEnv(input, tty, user), input.edits?.env ?? []),
    cwd: config.WorkingDir || "/",
    capabilities: processCapabilities(hostConfig, host, user.uid),
    ...(rlimits && rlimits.length > 0 ? { rlimits } : {}),
    noNewPrivileges: security.noNewPrivileges,
    ...(appArmor === undefined ? {} : { apparmorProfile: appArmor }),
    ...(security.selinuxLabel !== undefined && host.seLinux ? { selinuxLabel: security.selinuxLabel } : {}),
    ...(hostConfig.OomScoreAdj ? { oomScoreAdj: hostConfig.OomScoreAdj } : {}),
  };
}

function processUser(user: ResolvedUser, more: readonly number[] = []): OciProcess["user"] {
  return { uid: user.uid, gid: user.gid, additionalGids: [...new Set([...user.additionalGids, ...more])] };
}

function containerArgs(input: SpecInput): string[] {
  // An entrypoint of one empty string is how clients take the image's away.
  const asked = input.config.Entrypoint ?? [];
  const entrypoint = asked.length === 1 && asked[0] === "" ? [] : asked;
  const args = [...entrypoint, ...(input.config.Cmd ?? [])];
  if (args.length === 0) throw new GantryError("bad-parameter", "No command specified");
  return usesInit(input) ? ["/sbin/docker-init", "--", ...args] : args;
}

/** PATH, HOSTNAME, TERM and HOME, then the configured variables over them; a bare name takes one away. */
function processEnv(
  input: Pick<SpecInput, "config" | "hostConfig" | "containerId">,
  tty: boolean,
  user: ResolvedUser,
): string[] {
  const hostname = input.config.Hostname || input.containerId.slice(0, 12);
  const base = [defaultPath, `HOSTNAME=${hostname}`, ...(tty ? ["TERM=xterm"] : []), `HOME=${user.home ?? "/"}`];
  return mergeEnv(base, input.config.Env ?? []);
}

function mergeEnv(base: readonly string[], over: readonly string[]): string[] {
  const merged = new Map(base.map((entry) => [keyOf(entry), entry]));
  for (const entry of over) {
    if (entry.includes("=")) merged.set(keyOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

function keyOf(entry: string): string {
  return entry.split("=", 1)[0] ?? entry;
}

function containerLinux(input: SpecInput, domainname: string): OciLinux {
  const { hostConfig, host, user } = input;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const capabilities = processCapabilities(hostConfig, host, user.uid).bounding;
  const seccomp = processSeccomp(input, security, capabilities);
  const propagation = rootPropagation(input.mounts);
  const domain: Record<string, string> = domainname === "" ? {} : { "kernel.domainname": domainname };
  return {
    namespaces: containerNamespaces(input),
    devices: containerDevices(input) ?? [],
    cgroupsPath: input.cgroupsPath,
    resources: containerResources(input),
    sysctl: { ...domain, ...containerSysctls(input) },
    ...(seccomp ? { seccomp } : {}),
    maskedPaths: maskedPaths(hostConfig),
    readonlyPaths: readonlyPaths(hostConfig),
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
  };
}

/** One entry for each namespace that is not the host's. */
function containerNamespaces(input: SpecInput): OciLinux["namespaces"] {
  const { hostConfig, network, pid, ipc, host } = input;
  const byDefault = host.cgroupVersion === 2 ? "private" : "host";
  const cgroup = (hostConfig.CgroupnsMode || byDefault) === "private";
  const entry = (type: "network" | "pid" | "ipc", choice: SpecInput["pid"]) => {
    if (choice.kind === "host") return [];
    return [choice.kind === "path" ? { type, path: choice.path } : { type }];
  };
  return [
    { type: "mount" },
    ...(hostConfig.UTSMode === "host" ? [] : [{ type: "uts" as const }]),
    ...entry("ipc", ipc),
    ...entry("pid", pid),
    ...entry("network", network),
    ...(cgroup ? [{ type: "cgroup" as const }] : []),
  ];
}
