/**
 * What a path of a container is, and how its archive calls it. Touches the world; the thread's root is the container's.
 *
 * Links on the way are followed, one at the end is not, unless the path ends with `/` or `/.`: Docker's rules for `cp`.
 */
import { readlinkSync, realpathSync } from "node:fs";
import { posix } from "node:path";
import { GantryError } from "../../../base/errors.js";
import type { TreeStat } from "./tree-job.js";
import { below, lstat, raw } from "./tree-tar.js";

/** Throws "path-not-found". */
export function statPath(path: string): TreeStat {
  const place = placeOf(path);
  const stat = lstat(place);
  if (!stat) throw notFound(path);
  const isLink = stat.isSymbolicLink();
  return {
    name: baseOf(path),
    sizeBytes: Number(stat.size),
    mode: Number(stat.mode),
    modifiedMs: Number(stat.mtimeNs / 1_000_000n),
    linkTarget: isLink ? resolveLink(place) : "",
  };
}

/** What to pack for a path, and its name in the archive; byte strings. */
export function archiveName(path: string): { source: string; name: string } {
  return { source: placeOf(path), name: Buffer.from(baseOf(path)).toString("latin1") };
}

/** The entry itself, with real directories above it. */
function placeOf(path: string): string {
  const absolute = posix.join("/", path);
  if (absolute === "/") return "/";
  const follows = /\/\.?$/.test(path);
  const parent = follows ? absolute : posix.dirname(absolute);
  try {
    const real = realpathSync(parent, { encoding: "buffer" }).toString("latin1");
    return follows ? real : below(real, Buffer.from(posix.basename(absolute)).toString("latin1"));
  } catch (cause) {
    throw notFound(path, cause);
  }
}

/** `/etc/` is called `etc`, `/etc/.` is called `.`, the root `/`. */
function baseOf(path: string): string {
  if (/\/\.$/.test(path)) return ".";
  return posix.basename(posix.join("/", path)) || "/";
}

/** Absolute in the container; as written where it leads nowhere. */
function resolveLink(place: string): string {
  const target = readlinkSync(raw(place)).toString();
  const absolute = posix.resolve(posix.dirname(raw(place).toString()), target);
  try {
    return realpathSync(absolute);
  } catch {
    return absolute;
  }
}

function notFound(path: string, cause?: unknown): GantryError {
  return new GantryError("path-not-found", `Could not find the file ${path} in container`, { cause });
}
