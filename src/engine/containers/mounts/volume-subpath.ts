/**
 * A part of a volume, ready to be mounted into a container.
 *
 * Touches the world. Containers write into volumes, also at this moment: a path that was checked could lead elsewhere
 * by the time the runtime mounts it. So the part is opened within the volume, and what was opened is bound at a path of
 * the engine's own. Mount points are never removed recursively: what is mounted there is the user's.
 */
import { closeSync, fstatSync, mkdirSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { GantryError, systemCodeOf } from "../../../base/errors.js";
import { mount, mountFlags, umount, umountFlags } from "../../kernel/mount.js";
import { openInRoot } from "../../kernel/open-in-root.js";
import { isMountPoint } from "../../volumes/mount-point.js";

const pathOnly = 0o10000000; // O_PATH, which `node` does not name

/** Binds `subpath` of the directory `volume` at `target`. Links lead nowhere out of it. Throws "bad-parameter". */
export function bindSubpath(volume: string, subpath: string, target: string): void {
  const part = openPart(volume, subpath);
  try {
    if (fstatSync(part).isDirectory()) mkdirSync(target, { mode: 0o700 });
    else writeFileSync(target, "", { mode: 0o600, flag: "wx" });
    mount({ source: `/proc/self/fd/${part}`, target, flags: mountFlags.bind | mountFlags.recursive });
  } finally {
    closeSync(part);
  }
}

/** Undoes `bindSubpath`. Idempotent. */
export async function releaseSubpath(target: string): Promise<void> {
  while (await isMountPoint(target)) await umount(target, umountFlags.noFollow | umountFlags.detach);
  try {
    rmdirSync(target);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return;
    if (systemCodeOf(error) !== "ENOTDIR") throw error;
    unlinkSync(target);
  }
}

/** Links are followed, within the volume: the descriptor of a link itself would lead the bind out of it. */
function openPart(volume: string, subpath: string): number {
  try {
    return openInRoot(volume, subpath, pathOnly);
  } catch (cause) {
    throw new GantryError("bad-parameter", `cannot access path ${subpath} of the volume: it does not exist`, { cause });
  }
}
