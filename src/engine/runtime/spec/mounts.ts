/** The mounts of a container, in the order they are made. Pure. Defaults are Docker's. */
import type { OciMount } from "../../../oci/runtime-spec.js";
import { parseSecurityOptions } from "./security-options.js";
import type { SpecInput, SpecMount } from "./spec-input.js";

const defaultShmBytes = 64 * 1024 ** 2;
const initTarget = "/sbin/docker-init";
/** Mount options that say how far later mounts travel; the last one given counts. */
const propagationNames = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

/**
 * Defaults, init, the user's mounts by depth of their target (so that `/a/b` lies upon `/a`), the engine's files. A
 * user's mount on a default's target replaces it, and one on `/dev` all defaults below.
 */
export function containerMounts(input: SpecInput): OciMount[] {
  const targets = new Set(input.mounts.map((mount) => mount.target));
  const replaced = (target: string) => targets.has(target) || (targets.has("/dev") && target.startsWith("/dev/"));
  const sorted = [...input.mounts].sort(byDepth).map(userMount);
  const readOnlyEtc = input.hostConfig.ReadonlyRootfs ?? false;
  return [
    ...defaultMounts(input).filter((mount) => !replaced(mount.destination)),
    ...initMount(input),
    ...sorted,
    ...(input.edits?.mounts ?? []),
    ...input.etcMounts
      .filter(({ target }) => !targets.has(target))
      .map(({ source, target }) =>
        bind(source, target, { recursive: true, propagation: "rprivate", readOnly: readOnlyEtc }),
      ),
  ];
}

/** True when the tiny init is the container's first process; only in a PID namespace of its own. */
export function usesInit({ hostConfig, host, pid }: SpecInput): boolean {
  return hostConfig.Init === true && host.initPath !== undefined && pid.kind === "private";
}

/** The widest propagation that a shared or slave bind needs of the root: a private root would cut it off. */
export function rootPropagation(mounts: readonly SpecMount[]): string | undefined {
  const wanted = mounts.flatMap((mount) => {
    if (mount.kind === "ready") return mount.mount.options ?? [];
    return mount.kind === "bind" ? [mount.propagation] : [];
  });
  if (wanted.some((name) => name === "shared" || name === "rshared")) return "shared";
  return wanted.some((name) => name === "slave" || name === "rslave") ? "rslave" : undefined;
}

function defaultMounts(input: SpecInput): OciMount[] {
  const privileged = input.hostConfig.Privileged ?? false;
  const access = privileged ? "rw" : "ro";
  const { writableCgroups } = parseSecurityOptions(input.hostConfig.SecurityOpt ?? []);
  const cgroupAccess = privileged || writableCgroups ? "rw" : "ro";
  return [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    tmpfs("/dev", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", access] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [cgroupAccess, "nosuid", "noexec", "nodev"],
    },
    ...mqueueMount(input),
    ...shmMount(input),
  ];
}

/** The host's queues for the host's IPC namespace, if it shows them; the kernel gives each namespace its own. */
function mqueueMount({ ipc, host }: SpecInput): OciMount[] {
  if (ipc.kind !== "host") {
    return [{ destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] }];
  }
  if (host.messageQueues === false) return [];
  return [bind("/dev/mqueue", "/dev/mqueue", { recursive: true, propagation: "", readOnly: false })];
}

function shmMount({ hostConfig, ipc, shmPath }: SpecInput): OciMount[] {
  if (hostConfig.IpcMode === "none") return [];
  const source = ipc.kind === "host" ? "/dev/shm" : shmPath;
  if (source) return [bind(source, "/dev/shm", { recursive: true, propagation: "rprivate", readOnly: false })];
  const size = hostConfig.ShmSize || defaultShmBytes;
  const options = ["nosuid", "noexec", "nodev", "mode=1777", `size=${size}`];
  return [{ destination: "/dev/shm", type: "tmpfs", source: "shm", options }];
}

function initMount(input: SpecInput): OciMount[] {
  if (!usesInit(input) || !input.host.initPath) return [];
  return [bind(input.host.initPath, initTarget, { recursive: false, propagation: "", readOnly: true })];
}

function userMount(mount: SpecMount): OciMount {
  if (mount.kind === "ready") return mount.mount;
  if (mount.kind === "bind") return bind(mount.source, mount.target, mount);
  return tmpfs(mount.target, tmpfsOptions(mount.options));
}

/** Docker's base options, of which a user's option takes the opposite away. */
function tmpfsOptions(asked: readonly string[]): string[] {
  const opposites: Record<string, string> = { noexec: "exec", nosuid: "suid", nodev: "dev" };
  const base = ["noexec", "nosuid", "nodev"].filter((option) => !asked.includes(opposites[option] ?? ""));
  const propagation = asked.some((option) => propagationNames.includes(option)) ? [] : ["rprivate"];
  return [...new Set([...base, ...propagation, ...asked])];
}

function bind(
  source: string,
  destination: string,
  options: { recursive: boolean; propagation: string; readOnly: boolean; readOnlyBelow?: boolean },
): OciMount {
  const asked = options.propagation || "rprivate";
  // crun takes the r of a propagation for one of the bind; a single mount has nothing below it to reach.
  const propagation = options.recursive ? asked : asked.replace(/^r/, "");
  const access = options.readOnly ? [options.readOnlyBelow ? "rro" : "ro"] : [];
  return { destination, type: "bind", source, options: [options.recursive ? "rbind" : "bind", propagation, ...access] };
}

function tmpfs(destination: string, options: string[]): OciMount {
  return { destination, type: "tmpfs", source: "tmpfs", options };
}

function byDepth(a: SpecMount, b: SpecMount): number {
  const depth = (target: string) => target.split("/").filter(Boolean).length;
  return depth(a.target) - depth(b.target) || (a.target < b.target ? -1 : 1);
}
