/**
 * The cgroups of a container, by direct reads and writes of the kernel's files: cheaper than asking the runtime.
 *
 * On a v1 or hybrid host a cgroup is one directory per hierarchy, on v2 a single one. The path of a container's cgroup
 * is the `cgroupsPath` of its spec.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../base/errors.js";

const mountPoint = "/sys/fs/cgroup";
const cgroup2Magic = 0x63677270;
/** Levels below a container's cgroup that are looked at; systemd in a container makes three or four. */
const deepestLevel = 16;
/** About two seconds in all; a freeze takes well under a millisecond as a rule. */
const freezeAttempts = 1000;
const attemptsBeforeThaw = 25;

export type CgroupLayout = "v1" | "hybrid" | "v2";

/** How this host's cgroups are laid out. `hybrid` is v1 with an additional, controller-less v2 tree. */
export function cgroupLayout(): CgroupLayout {
  if (isCgroup2(mountPoint)) return "v2";
  return isCgroup2(join(mountPoint, "unified")) ? "hybrid" : "v1";
}

/** 2 only where v2 carries the controllers. */
export function cgroupVersion(): 1 | 2 {
  return cgroupLayout() === "v2" ? 2 : 1;
}

/** Names of the controllers that can be used, sorted. */
export function cgroupControllers(): string[] {
  if (cgroupVersion() === 2)
    return readText(join(mountPoint, "cgroup.controllers")).split(/\s+/).filter(Boolean).sort();
  return readText("/proc/cgroups")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/))
    .filter((fields) => fields[3] === "1")
    .map((fields) => fields[0] ?? "")
    .sort();
}

/** How many processes of this cgroup the OOM killer ended; undefined when the cgroup is gone or has no such counter. */
export function readOomKills(cgroupsPath: string): number | undefined {
  const [hierarchy, file] = cgroupVersion() === 2 ? ["", "memory.events"] : ["memory", "memory.oom_control"];
  const count = /^oom_kill (\d+)/m.exec(readText(join(mountPoint, hierarchy, cgroupsPath, file)))?.[1];
  return count === undefined ? undefined : Number(count);
}

/** The pids of the cgroup and of those below it, in no order; empty when it is gone. */
export function cgroupPids(cgroupsPath: string): number[] {
  const hierarchy = cgroupVersion() === 2 ? "" : "pids";
  const folders = cgroupTree(join(mountPoint, hierarchy, cgroupsPath));
  return folders.flatMap((folder) => readText(join(folder, "cgroup.procs")).split("\n").filter(Boolean).map(Number));
}

/**
 * Freezes or thaws every process of the cgroup and resolves when it is done (the kernel takes a moment for processes
 * in the middle of a system call). Throws "runtime-failed" when it does not come to rest.
 */
export async function setFrozen(cgroupsPath: string, frozen: boolean): Promise<void> {
  for (let attempt = 1; attempt <= freezeAttempts; attempt++) {
    writeFrozen(cgroupsPath, frozen);
    if (isFrozen(cgroupsPath) === frozen) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (isFrozen(cgroupsPath) === frozen) return;
    // v1 can hang at FREEZING on a process that forked at the wrong moment; a short thaw lets it pass.
    if (attempt % attemptsBeforeThaw === 0) writeFrozen(cgroupsPath, false);
  }
  if (frozen) writeFrozen(cgroupsPath, false);
  throw new GantryError("runtime-failed", `Cannot ${frozen ? "freeze" : "thaw"} cgroup ${cgroupsPath}`);
}

/** Lets frozen processes go on, so that signals reach them. Does nothing when the cgroup is gone. */
export function thaw(cgroupsPath: string): void {
  try {
    if (isFrozen(cgroupsPath) !== false) writeFrozen(cgroupsPath, false);
  } catch {}
}

function writeFrozen(cgroupsPath: string, frozen: boolean): void {
  if (cgroupVersion() === 2) writeFileSync(join(mountPoint, cgroupsPath, "cgroup.freeze"), frozen ? "1" : "0");
  else writeFileSync(join(mountPoint, "freezer", cgroupsPath, "freezer.state"), frozen ? "FROZEN" : "THAWED");
}

/** Undefined while it is on its way. */
function isFrozen(cgroupsPath: string): boolean | undefined {
  if (cgroupVersion() === 2) {
    return /^frozen 1$/m.test(readText(join(mountPoint, cgroupsPath, "cgroup.events")));
  }
  const state = readText(join(mountPoint, "freezer", cgroupsPath, "freezer.state")).trim();
  return state === "FROZEN" ? true : state === "FREEZING" ? undefined : false;
}

/**
 * Moves a process out of the engine's cgroup, into `cgroupsPath` of the hierarchies by which service managers end
 * processes. Best effort: where cgroups may not be written, the process stays.
 */
export async function moveProcess(pid: number, cgroupsPath: string): Promise<void> {
  const hierarchies = { v1: ["systemd"], hybrid: ["systemd", "unified"], v2: [""] }[cgroupLayout()];
  for (const hierarchy of hierarchies) {
    const folder = join(mountPoint, hierarchy, cgroupsPath);
    try {
      mkdirSync(folder, { recursive: true });
      await writeFile(join(folder, "cgroup.procs"), String(pid));
    } catch {}
  }
}

/**
 * Removes the cgroup, with those below it, from every hierarchy. Leaves one that still has processes: the answer is
 * then false. Idempotent.
 */
export function removeCgroup(cgroupsPath: string): boolean {
  if (cgroupsPath.replaceAll("/", "") === "") return false;
  const hierarchies = cgroupVersion() === 2 ? [""] : readdirSync(mountPoint);
  let isGone = true;
  for (const hierarchy of hierarchies) {
    for (const folder of cgroupTree(join(mountPoint, hierarchy, cgroupsPath)).reverse()) {
      try {
        rmdirSync(folder);
      } catch (error) {
        if (systemCodeOf(error) === "EBUSY") isGone = false;
        else if (systemCodeOf(error) !== "ENOENT") throw error;
      }
    }
  }
  return isGone;
}

/** The folder and all below, parents first; empty when it does not exist. */
function cgroupTree(folder: string, level = 0): string[] {
  if (level > deepestLevel) return [folder];
  try {
    const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [folder, ...children.flatMap((entry) => cgroupTree(join(folder, entry.name), level + 1))];
  } catch {
    return [];
  }
}

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === cgroup2Magic;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
