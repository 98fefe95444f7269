/** Reads what a cgroup and a network namespace have used. Touches the world: a dozen small files of the kernel. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cgroupVersion } from "../cgroups.js";
import {
  type CgroupUsage,
  type InterfaceUsage,
  interfaceUsage,
  usageOfV1,
  usageOfV2,
  v1Files,
  v2Files,
} from "./cgroup-usage.js";

const mountPoint = "/sys/fs/cgroup";

/** `cgroupsPath` as in the container's spec. What is gone counts nothing. */
export async function readCgroupUsage(cgroupsPath: string): Promise<CgroupUsage> {
  const isV2 = cgroupVersion() === 2;
  const names = isV2 ? v2Files : v1Files;
  const pathOf = (name: string) => {
    const [hierarchy = "", file = ""] = name.split("/");
    return isV2 ? join(mountPoint, cgroupsPath, name) : join(mountPoint, hierarchy, cgroupsPath, file);
  };
  const texts = new Map(await Promise.all(names.map(async (name) => [name, await readText(pathOf(name))] as const)));
  const read = (name: string) => texts.get(name) ?? "";
  return isV2 ? usageOfV2(read) : usageOfV1(read);
}

/** Of the network namespace that the process is in, by interface. */
export async function readInterfaceUsage(pid: number): Promise<Record<string, InterfaceUsage>> {
  return interfaceUsage(await readText(`/proc/${pid}/net/dev`));
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
