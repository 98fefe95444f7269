/** What the engine tells about itself and its host, read once at its start. Touches the world. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statfsSync } from "node:fs";
import { availableParallelism, hostname, machine, release, totalmem } from "node:os";
import { hasAppArmor } from "../runtime/app-armor.js";
import { cgroupVersion } from "../runtime/cgroups.js";
import type { OciRuntime } from "../runtime/oci-runtime.js";
import type { EngineFacts } from "./rooms.js";

/** Facts that come from elsewhere. */
type Given = Pick<
  EngineFacts,
  | "pid"
  | "version"
  | "apiVersion"
  | "stateRoot"
  | "socket"
  | "startedAt"
  | "registries"
  | "storageDriver"
  | "instanceId"
> & {
  /** Those that work on this host, the default first. */
  readonly runtimes: readonly [OciRuntime, ...OciRuntime[]];
};

/** Completes them with the host's. */
export function readEngineFacts({ runtimes, ...given }: Given): EngineFacts {
  return {
    ...given,
    runtime: runtimes[0].name,
    runtimes: runtimes.map(({ name, binary }) => ({ name, path: binary })),
    components: runtimes.map(({ name, version }) => ({ name, version })),
    cgroupVersion: cgroupVersion(),
    securityOptions: securityOptions(),
    kernelVersion: release(),
    operatingSystem: osRelease("PRETTY_NAME") || "Linux",
    operatingSystemVersion: osRelease("VERSION_ID"),
    machine: machine(),
    backingFileSystem: fileSystemOf(given.stateRoot),
    architecture: { x64: "amd64" }[process.arch as string] ?? process.arch,
    hostname: hostname(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
  };
}

/** The same for the same state root at every start; engines with different ones never share a name on the host. */
export function instanceIdOf(stateRoot: string): string {
  return createHash("sha256").update(realpathSync(stateRoot)).digest("hex").slice(0, 8);
}

/** As `docker info` lists them. */
function securityOptions(): string[] {
  return [
    ...(hasAppArmor() ? ["name=apparmor"] : []),
    ...(existsSync("/sys/fs/selinux/enforce") ? ["name=selinux"] : []),
    "name=seccomp,profile=builtin",
    ...(cgroupVersion() === 2 ? ["name=cgroupns"] : []),
  ];
}

/** "" when the host does not say. */
function osRelease(name: string): string {
  try {
    const line = new RegExp(`^${name}="?(.*?)"?$`, "m").exec(readFileSync("/etc/os-release", "utf8"));
    return line?.[1] ?? "";
  } catch {
    return "";
  }
}

/** Docker's names by the kernel's numbers, see statfs(2). */
const fileSystems: Readonly<Record<number, string>> = {
  61267: "extfs",
  1481003842: "xfs",
  2435016766: "btrfs",
  16914836: "tmpfs",
  801189825: "zfs",
  2035054128: "overlayfs",
  4076150800: "f2fs",
};

function fileSystemOf(path: string): string {
  return fileSystems[statfsSync(path).type] ?? "<unknown>";
}
