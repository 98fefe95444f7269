/** Where a path of a tree really is on the host, no link leading out. Touches the world. */
import { closeSync, readlinkSync } from "node:fs";
import { GantryError, isGantryError, systemCodeOf } from "../../../base/errors.js";
import { openInRoot } from "../../kernel/open-in-root.js";

const oPath = 0o10000000;

/** Absolute on the host; undefined when there is nothing, or something on the way is no directory. */
export function realPathIn(root: string, path: string): string | undefined {
  let fd: number;
  try {
    fd = openInRoot(root, path === "" ? "." : path, oPath);
  } catch (error) {
    const code = isGantryError(error) ? systemCodeOf(error.cause) : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "ELOOP") throw new GantryError("bad-parameter", `${path}: too many links`);
    throw error;
  }
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
