/** Overlay mounts: options within the kernel's page, and whether a directory can carry them. Touches the world. */
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, messageOf, systemCodeOf } from "../../base/errors.js";
import {
  getXattr,
  makeNode,
  maxMountDataBytes,
  mount,
  mountFlags,
  nodeTypes,
  setXattr,
  umount,
  umountFlags,
} from "../kernel/mount.js";

const opaqueAttribute = "trusted.overlay.opaque";

/** `lower` holds directory names below `lowerRoot`, lowest first; the others are absolute. */
export interface OverlayDirs {
  readonly lowerRoot: string;
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly merged: string;
}

/**
 * Mounts them. Options longer than a page are shortened by naming the layers through a descriptor of `lowerRoot`, so
 * that 127 layers fit below a state root of any length.
 *
 * @throws {GantryError} "mount-failed"
 */
export function mountOverlay(dirs: OverlayDirs): void {
  const options = overlayOptions(dirs, dirs.lowerRoot);
  try {
    if (Buffer.byteLength(options) <= maxMountDataBytes) {
      mountWith(dirs.merged, options);
      return;
    }
    const fd = openSync(dirs.lowerRoot, "r");
    try {
      mountWith(dirs.merged, overlayOptions(dirs, `/proc/self/fd/${fd}`));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new GantryError("mount-failed", `Cannot mount overlay at ${dirs.merged}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Of `lower`, lowest first, those that show: nothing below a layer whose root is opaque does. The kernel minds that
 * mark in directories, but merges roots whatever they say.
 */
export function visibleLayers(lowerRoot: string, lower: readonly string[]): readonly string[] {
  const isOpaque = (name: string) => getXattr(join(lowerRoot, name), opaqueAttribute)?.toString() === "y";
  return lower.slice(Math.max(0, lower.findLastIndex(isOpaque)));
}

/**
 * "overlay" if the state root can carry container file systems, else the reason why not. Makes whiteouts, sets
 * overlay's attribute and mounts for real in a directory of its own, because file systems differ in each of these.
 */
export async function probeOverlay(stateRoot: string): Promise<{ kind: "overlay" } | { kind: "no"; reason: string }> {
  let base = "";
  try {
    base = await mkdtemp(join(stateRoot, ".probe-"));
    for (const name of ["lower", "upper", "work", "merged", "lower/dir"]) await mkdir(join(base, name));
    makeNode(join(base, "lower/hidden"), nodeTypes.character, { major: 0, minor: 0 });
    setXattr(join(base, "lower/dir"), opaqueAttribute, Buffer.from("y"));
    const merged = join(base, "merged");
    mountOverlay({ lowerRoot: base, lower: ["lower"], upper: join(base, "upper"), work: join(base, "work"), merged });
    try {
      await mkdir(join(merged, "dir/written"));
    } finally {
      await umount(merged, umountFlags.detach | umountFlags.noFollow);
    }
    return { kind: "overlay" };
  } catch (error) {
    // A full disk says nothing against overlay, and what runs must be taken over all the same.
    const isFull = [error, error instanceof Error ? error.cause : error].some((e) => systemCodeOf(e) === "ENOSPC");
    return isFull ? { kind: "overlay" } : { kind: "no", reason: messageOf(error) };
  } finally {
    if (base !== "") await rm(base, { recursive: true, force: true });
  }
}

/**
 * The mount that holds a path: where it is, whether mounts below it spread to other namespaces, and whether those of
 * another arrive.
 */
export interface HoldingMount {
  readonly at: string;
  readonly isShared: boolean;
  readonly isSlave: boolean;
}

/** Reads `mountinfo`, the text of `/proc/self/mountinfo`. `path` is absolute and real. */
export function holdingMount(path: string, mountinfo: string): HoldingMount {
  let best: HoldingMount = { at: "", isShared: false, isSlave: false };
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const at = (fields[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    const holds = at !== "" && (at === path || path.startsWith(at === "/" ? at : `${at}/`));
    // A later mount at the same place covers the earlier one.
    if (!holds || at.length < best.at.length) continue;
    const peers = optional(fields);
    best = { at, isShared: /(?:^| )shared:/.test(peers), isSlave: /(?:^| )master:/.test(peers) };
  }
  return best;
}

/** The optional fields stand before a lone dash. */
function optional(fields: readonly string[]): string {
  return fields.slice(6, fields.indexOf("-")).join(" ");
}

/** Mounts a directory on itself, so that what is mounted below stays in this mount namespace. */
export function bindPrivately(path: string): void {
  mount({ source: path, target: path, flags: mountFlags.bind });
  mount({ source: "none", target: path, flags: mountFlags.private });
}

function mountWith(merged: string, data: string): void {
  mount({ source: "overlay", target: merged, type: "overlay", data });
}

function overlayOptions({ lower, upper, work }: OverlayDirs, lowerRoot: string): string {
  // overlayfs lists the uppermost first.
  const lowerdir = lower.map((name) => `${escaped(lowerRoot)}/${name}`).reverse();
  const options = [`lowerdir=${lowerdir.join(":")}`, `upperdir=${escaped(upper)}`, `workdir=${escaped(work)}`];
  // With an index, an upper directory that was not unmounted cleanly may be refused; hard links do not need it here.
  return [...(hasIndexOption() ? ["index=off"] : []), ...options].join(",");
}

let indexOption: boolean | undefined;

function hasIndexOption(): boolean {
  indexOption ??= existsSync("/sys/module/overlay/parameters/index");
  return indexOption;
}

/** Overlay splits its options at colons and commas. */
function escaped(path: string): string {
  return path.replace(/[\\:,]/g, "\\$&");
}
