/** Settings of the kernel's network under /proc/sys, in the thread's present network namespace. Touches the world. */
import { readFileSync, writeFileSync } from "node:fs";
import { systemCodeOf } from "../../../base/errors.js";

/** Words of the path, since interface names may have dots: `["net", "ipv4", "conf", "eth0.10", "forwarding"]`. */
export type SysctlPath = readonly string[];

/** A kernel without IPv6 has none of its settings: then nothing happens. Throws as `writeFileSync` does. */
export function writeSysctl(path: SysctlPath, value: string): void {
  try {
    writeFileSync(fileOf(path), value);
  } catch (error) {
    if (!(path[1] === "ipv6" && systemCodeOf(error) === "ENOENT")) throw error;
  }
}

/** Without the line's end; undefined when there is no such setting. */
export function readSysctl(path: SysctlPath): string | undefined {
  try {
    return readFileSync(fileOf(path), "utf8").trimEnd();
  } catch {
    return undefined;
  }
}

/**
 * Reads `net.ipv4.ip_forward`, or `net/ipv4/conf/eth0.10/forwarding` as sysctl(8) has it; undefined if it is no name.
 */
export function sysctlPath(name: string): SysctlPath | undefined {
  const words = name.split(name.includes("/") ? "/" : ".");
  const isName = words[0] === "net" && words.every((word) => /^[\w.-]+$/.test(word) && word !== "..");
  return isName && words.length > 1 ? words : undefined;
}

function fileOf(path: SysctlPath): string {
  return ["/proc/sys", ...path].join("/");
}
