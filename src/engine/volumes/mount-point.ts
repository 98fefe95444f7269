/** Whether something is mounted at a path. Touches the world. */
import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCodeOf } from "../../base/errors.js";

/**
 * By the kernel's own list, since a bind mount of the same file system has the same device number as its parent. The
 * list holds no links, so those on the way to the path are resolved first; the path itself is not followed.
 */
export async function isMountPoint(path: string): Promise<boolean> {
  const parent = await realpath(dirname(path)).catch((error: unknown) => {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (parent === undefined) return false;
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const plain = join(parent, basename(path));
  const escaped = plain.replace(/[ \t\n\\]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return table.split("\n").some((line) => line.split(" ", 5)[4] === escaped);
}
