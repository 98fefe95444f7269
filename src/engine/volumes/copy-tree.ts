/**
 * Copies a directory's content into another, keeping owners, modes, times, links, devices and attributes.
 *
 * Touches the world; every file operation but those on attributes and times runs on the thread pool. The source is an
 * image's tree and hostile: links are copied, never followed. Names are bytes, because a file name need not be UTF-8.
 */

import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { chmod, copyFile, lchown, link, lstat, mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { systemCodeOf } from "../../base/errors.js";
import { getXattr, listXattrs, makeNode, setTimes, setXattr } from "../kernel/mount.js";

/**
 * Copies what is in `from` into `to` and gives `to` the owner, mode and times of `from`. Existing files are replaced.
 */
export async function copyTree(from: string, to: string): Promise<void> {
  await copyDirectory(Buffer.from(from), Buffer.from(to), new Map());
}

/**
 * Moves what is in `from` into `to`, on the same file system, and gives `to` the owner, mode and times of `from`. What
 * exists already stays. Others may write in `to` meanwhile: a rename follows no link that they put there.
 */
export async function moveContent(from: string, to: string): Promise<void> {
  const present = new Set((await readdir(to, { encoding: "buffer" })).map((name) => name.toString("latin1")));
  const attributes = await lstat(from, { bigint: true });
  for (const name of await readdir(from, { encoding: "buffer" })) {
    if (present.has(name.toString("latin1"))) continue;
    await rename(child(Buffer.from(from), name), child(Buffer.from(to), name));
  }
  await copyAttributes(Buffer.from(from), Buffer.from(to), attributes);
}

type Links = Map<string, Buffer>;

async function copyDirectory(from: Buffer, to: Buffer, links: Links): Promise<void> {
  for (const name of await readdir(from, { encoding: "buffer" })) {
    await copyEntry(child(from, name), child(to, name), links);
  }
  await copyAttributes(from, to, await lstat(from, { bigint: true }));
}

async function copyEntry(from: Buffer, to: Buffer, links: Links): Promise<void> {
  const stats = await lstat(from, { bigint: true });
  if (stats.isDirectory()) {
    await mkdir(to, { mode: 0o700 }).catch((error: unknown) => {
      if (systemCodeOf(error) !== "EEXIST") throw error;
    });
    return copyDirectory(from, to, links);
  }
  await rm(to, { force: true });
  const first = stats.nlink > 1n ? links.get(`${stats.dev}:${stats.ino}`) : undefined;
  if (first) return link(first, to);
  if (!(await copyContent(from, to, stats))) return;
  if (stats.nlink > 1n) links.set(`${stats.dev}:${stats.ino}`, to);
  await copyAttributes(from, to, stats);
}

/** False for what cannot be kept: a socket is of use only to the process that bound it. */
async function copyContent(from: Buffer, to: Buffer, stats: BigIntStats): Promise<boolean> {
  if (stats.isFile()) {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } else if (stats.isSymbolicLink()) {
    await symlink(await readlink(from, { encoding: "buffer" }), to);
  } else if (stats.isFIFO() || stats.isCharacterDevice() || stats.isBlockDevice()) {
    makeNode(to, Number(stats.mode), deviceOf(stats.rdev));
  } else {
    return false;
  }
  return true;
}

async function copyAttributes(from: Buffer, to: Buffer, stats: BigIntStats): Promise<void> {
  await lchown(to, Number(stats.uid), Number(stats.gid));
  // Attributes and mode come after the owner: a change of owner drops capabilities and the set-user-id bits.
  for (const name of listXattrs(from)) {
    const value = name.toString().startsWith("trusted.overlay.") ? undefined : getXattr(from, name);
    if (value) setXattr(to, name, value);
  }
  if (!stats.isSymbolicLink()) await chmod(to, Number(stats.mode & 0o7777n));
  setTimes(to, stats.atimeNs, stats.mtimeNs);
}

/** glibc's `major` and `minor`. */
function deviceOf(rdev: bigint): { major: number; minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}

function child(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), name]);
}
