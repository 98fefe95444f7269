/** Whether something is mounted at a path. Touches the world. */
import { readFile } from "node:fs/promises";

/** By the kernel's own list, since a bind mount of the same file system has the same device number as its parent. */
export async function isMountPoint(path: string): Promise<boolean> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const escaped = path.replace(/[ \t\n\\]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return table.split("\n").some((line) => line.split(" ", 5)[4] === escaped);
}
