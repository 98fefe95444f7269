/**
 * Reads an overlay's writable layer: what it changed, and the layer that it would make. Touches the world,
 * synchronously: for the tree worker.
 */
import type { BigIntStats } from "node:fs";
import { getXattr } from "../../kernel/mount.js";
import type { TreeChange } from "./tree-job.js";
import { below, emptyFile, lstat, names, type PackedLinks, packEntry, raw } from "./tree-tar.js";

/** `path` is relative to the root, a byte string. */
export interface UpperEntry {
  readonly path: string;
  readonly kind: TreeChange["kind"];
  readonly stat: BigIntStats;
  /** Nothing of the lower layers shows in this directory. */
  readonly opaque: boolean;
}

/** The runtime makes these to mount on them, in every container; an empty one is nobody's change. */
const mountPoints = new Set([
  ...[".dockerenv", "dev", "dev/console", "dev/mqueue", "dev/pts", "dev/shm", "proc", "sys"],
  ...["etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"],
]);
const opaqueAttribute = "trusted.overlay.opaque";

/** Directories before what is in them, names sorted. `lower` highest first. */
export function upperChanges(upper: string, lower: readonly string[]): TreeChange[] {
  return walk({ upper, path: "", lower }).map(({ path, kind }) => ({ path: `/${raw(path).toString()}`, kind }));
}

/** What the layer will hold: looked at with the host's root, packed with the writable layer as root. */
export function planDiff(upper: string, lower: readonly string[]): readonly UpperEntry[] {
  return walk({ upper, path: "", lower });
}

/**
 * The tar of a layer, by the OCI image specification's rules for whiteouts. With `root` "" the thread's root is the
 * writable layer: a directory that its container replaces by a link meanwhile leads nowhere else. A `root` is for
 * layers that nobody writes any more.
 */
export function* packDiff(plan: readonly UpperEntry[], root = ""): Generator<Buffer> {
  const links: PackedLinks = new Map();
  for (const { path, kind, stat, opaque } of plan) {
    if (kind === "deleted") {
      const slash = path.lastIndexOf("/") + 1;
      yield emptyFile(`${path.slice(0, slash)}.wh.${path.slice(slash)}`);
      continue;
    }
    yield* packEntry(`${root}/${path}`, { name: path, stat, links });
    if (opaque) yield emptyFile(`${path}/.wh..wh..opq`);
  }
}

/** `lower` are the directories that show below this one, highest first. */
function walk({ upper, path, lower }: { upper: string; path: string; lower: readonly string[] }): UpperEntry[] {
  const directory = path === "" ? upper : below(upper, path);
  return names(directory).flatMap((name) => {
    const stat = lstat(below(directory, name));
    const inner = below(path, name);
    if (!stat) return [];
    const isLower = showsIn(lower, name);
    if (isWhiteout(stat)) return isLower ? [{ path: inner, kind: "deleted" as const, stat, opaque: false }] : [];
    const kind = isLower ? ("modified" as const) : ("added" as const);
    const isDirectory = stat.isDirectory();
    const opaque = isDirectory && isOpaque(below(directory, name));
    const children = isDirectory ? walk({ upper, path: inner, lower: opaque ? [] : directoriesOf(lower, name) }) : [];
    const entry: UpperEntry = { path: inner, kind, stat, opaque: opaque && isLower };
    return isIncidental(entry, { directory, name, children }) ? [] : [entry, ...children];
  });
}

/** A mount point that nobody filled, or a directory that is here only because of some. */
function isIncidental(
  { path, kind, stat, opaque }: UpperEntry,
  { directory, name, children }: { directory: string; name: string; children: readonly UpperEntry[] },
): boolean {
  if (children.length > 0 || opaque) return false;
  if (!stat.isDirectory()) return mountPoints.has(path) && stat.isFile() && stat.size === 0n;
  if (mountPoints.has(path)) return true;
  const held = names(below(directory, name));
  const onlyMountPoints = held.length > 0 && held.every((child) => mountPoints.has(below(path, child)));
  return kind === "modified" ? onlyMountPoints : onlyMountPoints && path === "etc";
}

function showsIn(lower: readonly string[], name: string): boolean {
  for (const directory of lower) {
    const stat = lstat(below(directory, name));
    if (stat) return !isWhiteout(stat);
  }
  return false;
}

/** The lower directories that are merged under this name. */
function directoriesOf(lower: readonly string[], name: string): string[] {
  const found: string[] = [];
  for (const directory of lower) {
    const path = below(directory, name);
    const stat = lstat(path);
    if (!stat) continue;
    if (!stat.isDirectory()) break;
    found.push(path);
    if (isOpaque(path)) break;
  }
  return found;
}

function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

function isOpaque(path: string): boolean {
  return getXattr(raw(path), opaqueAttribute)?.toString() === "y";
}
