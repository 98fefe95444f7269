/** Facts of the host for `buildSpec`. Reads the kernel's files. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { hasAppArmor } from "./app-armor.js";
import { cgroupVersion } from "./cgroups.js";
import { findProgram } from "./runtime-probe.js";
import { capabilitiesOfMask } from "./spec/capabilities.js";
import type { SpecHost } from "./spec/spec-input.js";

const cgroups = "/sys/fs/cgroup";
/** The first kernel that can make a tree of mounts read-only at once (mount_setattr). */
const recursiveReadOnlySince = [5, 12] as const;

/** Once at the engine's start, which also knows whether its AppArmor profile is loaded. */
export function readSpecHost(appArmorProfile?: string): SpecHost {
  const status = readText("/proc/self/status");
  const capabilities = capabilitiesOfMask(/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0");
  const version = cgroupVersion();
  const kernel = kernelVersion(release());
  return {
    cgroupVersion: version,
    arch: process.arch,
    capabilities,
    seccomp: /^Seccomp:/m.test(status),
    appArmorProfile,
    appArmor: hasAppArmor(),
    seLinux: existsSync("/sys/fs/selinux/enforce"),
    hardLimits: hardLimits(readText("/proc/self/limits")),
    mayRaiseLimits: capabilities.includes("CAP_SYS_RESOURCE"),
    initPath: ["tini-static", "catatonit", "docker-init", "tini"].map(findProgram).find(Boolean),
    swapAccounting: version === 2 || readText(join(cgroups, "memory/memory.memsw.limit_in_bytes")) !== "",
    blockWeights: hasBlockWeights(version),
    realtimeCpu: version === 1 && existsSync(join(cgroups, "cpu/cpu.rt_runtime_us")),
    messageQueues: existsSync("/dev/mqueue"),
    recursiveReadOnly: isAtLeast(kernel, recursiveReadOnlySince),
    onlineCpus: readText("/sys/devices/system/cpu/online").trim() || undefined,
    onlineNodes: readText("/sys/devices/system/node/online").trim() || undefined,
    kernel,
  };
}

/**
 * The root cgroup has no weight: one below it shows whether the scheduler knows weights. On v1 the one of BFQ does not
 * count, as for Docker: not every runtime finds it.
 */
function hasBlockWeights(version: 1 | 2): boolean {
  const root = version === 2 ? cgroups : join(cgroups, "blkio");
  const files = version === 2 ? ["io.weight", "io.bfq.weight"] : ["blkio.weight"];
  try {
    const children = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return ["", ...children.map(({ name }) => name)].some((name) =>
      files.some((file) => existsSync(join(root, name, file))),
    );
  } catch {
    return false;
  }
}

function kernelVersion(text: string): readonly [number, number] {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return [Number(major), Number(minor)];
}

function isAtLeast(kernel: readonly [number, number], since: readonly [number, number]): boolean {
  return kernel[0] > since[0] || (kernel[0] === since[0] && kernel[1] >= since[1]);
}

/** Hard limits by Docker's names; a limit that is not set is left out. */
function hardLimits(text: string): Record<string, number> {
  const names: Record<string, string> = {
    "Max open files": "nofile",
    "Max processes": "nproc",
    "Max locked memory": "memlock",
    "Max core file size": "core",
    "Max stack size": "stack",
    "Max file size": "fsize",
    "Max data size": "data",
    "Max address space": "as",
    "Max resident set": "rss",
    "Max cpu time": "cpu",
    "Max file locks": "locks",
    "Max pending signals": "sigpending",
    "Max msgqueue size": "msgqueue",
    "Max nice priority": "nice",
    "Max realtime priority": "rtprio",
    "Max realtime timeout": "rttime",
  };
  const lines = text.split("\n").map((line) => line.split(/\s{2,}/));
  return Object.fromEntries(
    lines.flatMap(([title = "", , hard = ""]) => {
      const name = names[title];
      return name !== undefined && /^\d+$/.test(hard) ? [[name, Number(hard)]] : [];
    }),
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
