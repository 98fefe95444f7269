/** Copies layers one over the other into a plain directory, where overlay cannot be mounted. For the worker. */
import * as fs from "node:fs";
import { getXattr, listXattrs, makeNode, setTimes, setXattr } from "../kernel/mount.js";
import type { FlattenJob } from "./unpack-job.js";

const markerPrefix = ".wh.";
const opaqueMarker = ".wh..wh..opq";

/**
 * Keeps owners, modes, times, attributes, devices and hard links. Each tree's `.wh.` files remove what lower trees
 * brought, before its own content is copied. Stops between two entries when `signal` aborts.
 */
export async function flattenTrees({ trees, target }: FlattenJob, signal: AbortSignal): Promise<void> {
  for (const tree of trees) {
    const copier = new TreeCopier(signal);
    await copier.directory(bytes(tree), bytes(target));
  }
}

class TreeCopier {
  readonly #signal: AbortSignal;
  /** Copies by the source's inode, so that hard links stay links. */
  readonly #links = new Map<number, string>();
  #entries = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** `from` and `to` are directories; paths are byte strings. */
  async directory(from: string, to: string): Promise<void> {
    const names = fs.readdirSync(raw(from), { encoding: "latin1" });
    for (const name of names) if (name.startsWith(markerPrefix)) hide(to, name);
    for (const name of names) if (!name.startsWith(markerPrefix)) await this.#entry(`${from}/${name}`, `${to}/${name}`);
    copyMetadata(from, to, fs.lstatSync(raw(from), { bigint: true }));
  }

  async #entry(from: string, to: string): Promise<void> {
    await this.#breathe();
    const stat = fs.lstatSync(raw(from), { bigint: true });
    if (stat.isDirectory()) {
      if (!fs.lstatSync(raw(to), { throwIfNoEntry: false })?.isDirectory()) {
        remove(to);
        fs.mkdirSync(raw(to), 0o700);
      }
      return this.directory(from, to);
    }
    remove(to);
    const earlier = stat.nlink > 1n ? this.#links.get(Number(stat.ino)) : undefined;
    if (earlier !== undefined) return fs.linkSync(raw(earlier), raw(to));
    copyContent(from, to, stat);
    if (stat.nlink > 1n) this.#links.set(Number(stat.ino), to);
    copyMetadata(from, to, stat);
  }

  /** Lets a cancellation arrive every few hundred entries. */
  async #breathe(): Promise<void> {
    this.#entries += 1;
    if (this.#entries % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
    this.#signal.throwIfAborted();
  }
}

function hide(directory: string, marker: string): void {
  if (marker !== opaqueMarker) {
    remove(`${directory}/${marker.slice(markerPrefix.length)}`);
    return;
  }
  for (const name of fs.readdirSync(raw(directory), { encoding: "latin1" })) remove(`${directory}/${name}`);
}

function remove(path: string): void {
  fs.rmSync(raw(path), { recursive: true, force: true });
}

function copyContent(from: string, to: string, stat: fs.BigIntStats): void {
  if (stat.isFile()) fs.copyFileSync(raw(from), raw(to), fs.constants.COPYFILE_FICLONE);
  else if (stat.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(raw(from), { encoding: "buffer" }), raw(to));
  else makeNode(raw(to), Number(stat.mode), { major: majorOf(stat.rdev), minor: minorOf(stat.rdev) });
}

function copyMetadata(from: string, to: string, stat: fs.BigIntStats): void {
  fs.lchownSync(raw(to), Number(stat.uid), Number(stat.gid));
  if (!stat.isSymbolicLink()) fs.chmodSync(raw(to), Number(stat.mode) & 0o7777);
  for (const name of listXattrs(raw(from))) {
    const value = getXattr(raw(from), name);
    if (value && !name.toString().startsWith("security.selinux")) setXattr(raw(to), name, value);
  }
  setTimes(raw(to), stat.atimeNs, stat.mtimeNs);
}

/** glibc's `major` and `minor`. */
function majorOf(device: bigint): number {
  return Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn));
}

function minorOf(device: bigint): number {
  return Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn));
}

function bytes(path: string): string {
  return Buffer.from(path).toString("latin1");
}

function raw(path: string): Buffer {
  return Buffer.from(path, "latin1");
}
