/**
 * Walks a tree and tells its tar, piece by piece. Touches the world, synchronously: for the tree worker.
 *
 * The tree may change meanwhile, as its container may be running: an entry that goes is left out, a file's content is
 * cut or filled up to the size that its header said. Only regular files are opened, and never through a link.
 */
import * as fs from "node:fs";
import { getXattr, listXattrs } from "../../kernel/mount.js";
import type { TarEntry, TarEntryType } from "../archive/tar-header.js";
import { encodeEntry, paddingOf } from "./tar-encode.js";

const chunkBytes = 256 * 1024;
const openFlags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** Hard links of one archive: the name under which an inode was packed first. */
export type PackedLinks = Map<string, string>;

/** The entry at `path` and everything below. `name` is what it is called in the archive; byte strings both. */
export function* packTree(path: string, name: string, links: PackedLinks = new Map()): Generator<Buffer> {
  const stat = lstat(path);
  if (!stat) return;
  yield* packEntry(path, { name, stat, links });
  if (!stat.isDirectory()) return;
  for (const child of names(path)) yield* packTree(below(path, child), below(name, child), links);
}

/** One entry without what is below it. Sockets have no place in an archive. */
export function* packEntry(
  path: string,
  { name, stat, links }: { name: string; stat: fs.BigIntStats; links: PackedLinks },
): Generator<Buffer> {
  const type = typeOf(stat);
  if (!type || name === "") return;
  const inode = `${stat.dev}:${stat.ino}`;
  const earlier = stat.nlink > 1n && !stat.isDirectory() ? links.get(inode) : undefined;
  if (earlier !== undefined) {
    yield encodeEntry({ ...entryOf(path, name, stat), type: "hardlink", linkName: earlier, sizeBytes: 0 });
    return;
  }
  if (type === "file") yield* packFile(path, name);
  else yield encodeEntry({ ...entryOf(path, name, stat), type });
  if (stat.nlink > 1n && !stat.isDirectory()) links.set(inode, name);
}

/** A file that holds nothing, for a layer's whiteouts. */
export function emptyFile(name: string): Buffer {
  return encodeEntry({
    ...{ type: "file", name, linkName: "", mode: 0, uid: 0, gid: 0, sizeBytes: 0, modifiedNanos: 0n },
    device: { major: 0, minor: 0 },
    xattrs: new Map(),
  });
}

/** Undefined for what is not there, or no longer. */
export function lstat(path: string): fs.BigIntStats | undefined {
  return fs.lstatSync(raw(path), { bigint: true, throwIfNoEntry: false });
}

/** Names of a directory, sorted, so that archives of one tree are alike. */
export function names(path: string): string[] {
  try {
    return fs.readdirSync(raw(path), { encoding: "latin1" }).sort();
  } catch {
    return [];
  }
}

export function below(path: string, name: string): string {
  return path === "" || path.endsWith("/") ? `${path}${name}` : `${path}/${name}`;
}

/** A byte string as the system takes it. */
export function raw(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

function* packFile(path: string, name: string): Generator<Buffer> {
  let fd: number;
  try {
    fd = fs.openSync(raw(path), openFlags);
  } catch {
    return;
  }
  try {
    const stat = fs.fstatSync(fd, { bigint: true });
    if (!stat.isFile()) return;
    const size = Number(stat.size);
    yield encodeEntry({ ...entryOf(path, name, stat), type: "file", sizeBytes: size });
    for (let at = 0; at < size; ) {
      const chunk = Buffer.alloc(Math.min(chunkBytes, size - at));
      const read = fs.readSync(fd, chunk, 0, chunk.length, at);
      at += read === 0 ? chunk.length : read;
      yield read === 0 ? chunk : chunk.subarray(0, read);
    }
    yield paddingOf(size);
  } finally {
    fs.closeSync(fd);
  }
}

function entryOf(path: string, name: string, stat: fs.BigIntStats): TarEntry {
  return {
    type: "file",
    name,
    linkName: stat.isSymbolicLink() ? fs.readlinkSync(raw(path), { encoding: "latin1" }) : "",
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    sizeBytes: 0,
    // Whole seconds, as Docker's archives have them: finer times would make equal trees differ.
    modifiedNanos: (stat.mtimeNs / 1_000_000_000n) * 1_000_000_000n,
    device: { major: majorOf(stat.rdev), minor: minorOf(stat.rdev) },
    xattrs: xattrsOf(path),
  };
}

function typeOf(stat: fs.BigIntStats): TarEntryType | undefined {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isCharacterDevice()) return "character";
  if (stat.isBlockDevice()) return "block";
  return stat.isFIFO() ? "fifo" : undefined;
}

/** What overlay keeps for itself, and the host's labels, stay behind. */
function xattrsOf(path: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const bytes of listXattrs(raw(path))) {
    const name = bytes.toString("latin1");
    if (/^(trusted|user)\.overlay\.|^security\.selinux$|^system\./.test(name)) continue;
    const value = getXattr(raw(path), bytes);
    if (value) found.set(name, value);
  }
  return found;
}

/** glibc's `major` and `minor`. */
function majorOf(device: bigint): number {
  return Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn));
}

function minorOf(device: bigint): number {
  return Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn));
}
