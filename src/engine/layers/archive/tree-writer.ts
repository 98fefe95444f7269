/**
 * Writes the entries of one layer's archive into a directory, and nothing outside of it.
 *
 * Touches the world, synchronously: it runs in the unpack worker. The directory belongs to the writer alone, so a
 * component that was seen to be a real directory stays one until this writer replaces it; each is looked at once
 * with lstat, and an entry below a link is refused. Files are opened with O_EXCL and O_NOFOLLOW.
 */
import * as fs from "node:fs";
import { makeNode, nodeTypes, setTimes, setXattr } from "../../kernel/mount.js";
import { errnoOf, refusedByKernel } from "./entry-failure.js";
import { planEntry, planLinkTarget } from "./entry-plan.js";
import { KnownTree } from "./known-tree.js";
import { refused, type TarEntry } from "./tar-header.js";
import type { TarSink } from "./tar-reader.js";

/** How hidden entries are kept: as overlayfs reads them, or as the archive's own `.wh.` files for plain copies. */
export type WhiteoutStyle = "overlay" | "files";

const createFlags = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;
const opaqueAttribute = "trusted.overlay.opaque";

/** Give it to a `TarReader`, then call `finish`. A failure leaves a part of the tree, for the caller to delete. */
export class TreeWriter implements TarSink {
  readonly #root: string;
  readonly #whiteouts: WhiteoutStyle;
  readonly #onEntry: () => void;
  /** Directories by lstat or because this writer made them; their times are set last, as writing changes them. */
  readonly #known = new KnownTree();
  #file: { readonly fd: number; readonly path: string; readonly entry: TarEntry } | undefined;
  #sizeBytes = 0;

  /** `root` exists and is empty. */
  constructor(root: string, { whiteouts, onEntry }: { whiteouts: WhiteoutStyle; onEntry: () => void }) {
    this.#onEntry = onEntry;
    this.#root = Buffer.from(root).toString("latin1");
    this.#whiteouts = whiteouts;
  }

  entry(entry: TarEntry): void {
    this.#onEntry();
    try {
      this.#take(entry);
    } catch (error) {
      throw refusedByKernel(error, entry.name);
    }
  }

  #take(entry: TarEntry): void {
    const plan = planEntry(entry.name);
    switch (plan.kind) {
      case "skip":
        return;
      case "opaque":
        this.#opaque(plan.path);
        return;
      case "whiteout":
        this.#whiteout(plan.path);
        return;
      case "write":
        this.#write(plan.path, entry);
    }
  }

  data(chunk: Buffer): void {
    if (!this.#file) return;
    for (let at = 0; at < chunk.length; ) at += fs.writeSync(this.#file.fd, chunk, at);
    this.#sizeBytes += chunk.length;
  }

  entryEnd(): void {
    if (!this.#file) return;
    const { fd, path, entry } = this.#file;
    this.#file = undefined;
    try {
      fs.fchownSync(fd, entry.uid, entry.gid);
      fs.fchmodSync(fd, entry.mode); // after the owner: changing that clears the set-id bits
      this.#setXattrs(path, entry);
      this.#setTimes(path, entry.modifiedNanos);
    } catch (error) {
      throw refusedByKernel(error, entry.name);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Sets the directories' times. Returns the bytes of content written. */
  finish(): { sizeBytes: number } {
    for (const [path, nanos] of this.#known.times()) this.#setTimes(path, nanos);
    return { sizeBytes: this.#sizeBytes };
  }

  /** Closes what a failure left open. */
  abandon(): void {
    if (this.#file) fs.closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #write(path: string, entry: TarEntry): void {
    this.#ensureParent(path, entry.name);
    if (entry.type === "directory") {
      this.#directory(path, entry);
      return;
    }
    if (path === "") throw refused("the layer's root is not a directory", entry.name);
    if (entry.type === "file") {
      const fd = this.#replacing(path, (bytes) => fs.openSync(bytes, createFlags, 0o600));
      this.#file = { fd, path, entry };
      return;
    }
    this.#replacing(path, (bytes) => this.#special(bytes, entry));
    if (entry.type === "hardlink") return; // owner and mode are the target's
    fs.lchownSync(this.#bytes(path), entry.uid, entry.gid);
    if (entry.type !== "symlink") fs.chmodSync(this.#bytes(path), entry.mode);
    this.#setXattrs(path, entry);
    this.#setTimes(path, entry.modifiedNanos);
  }

  #special(bytes: Buffer, entry: TarEntry): void {
    switch (entry.type) {
      case "symlink":
        fs.symlinkSync(Buffer.from(entry.linkName, "latin1"), bytes);
        return;
      case "hardlink":
        fs.linkSync(this.#bytes(this.#linkTarget(entry)), bytes);
        return;
      case "character":
      case "block":
      case "fifo":
        makeNode(bytes, nodeTypes[entry.type] | entry.mode, entry.device);
    }
  }

  /** link(2) does not follow a link at the end; the components before it are checked here. */
  #linkTarget(entry: TarEntry): string {
    const target = planLinkTarget(entry.linkName);
    for (const parent of parentsOf(target)) {
      if (!this.#isDirectory(parent)) throw refused("a hard link goes through what is not a directory", entry.name);
    }
    if (!fs.lstatSync(this.#bytes(target), { throwIfNoEntry: false })) {
      throw refused("a hard link names a file that the layer does not have", entry.name);
    }
    return target;
  }

  #directory(path: string, entry: TarEntry): void {
    const hidesLower = this.#known.kindOf(path) === "hidden";
    if (!this.#isDirectory(path)) this.#replacing(path, (target) => fs.mkdirSync(target, 0o700));
    this.#known.mark(path, "directory");
    const bytes = this.#bytes(path);
    fs.chownSync(bytes, entry.uid, entry.gid);
    fs.chmodSync(bytes, entry.mode);
    this.#setXattrs(path, entry);
    this.#known.setTime(path, entry.modifiedNanos);
    // Hidden and made anew in one layer: nothing of the lower directory may show through.
    if (hidesLower) this.#opaque(path);
  }

  /** A whiteout speaks of lower layers: it does not touch what this layer itself brings. */
  #whiteout(path: string): void {
    this.#ensureParent(path, path);
    if (this.#whiteouts === "files") this.#marker(markerPath(path));
    else if (this.#isDirectory(path)) this.#opaque(path);
    else this.#hide(path);
  }

  #hide(path: string): void {
    if (fs.lstatSync(this.#bytes(path), { throwIfNoEntry: false })) return;
    makeNode(this.#bytes(path), nodeTypes.character, { major: 0, minor: 0 });
    this.#known.mark(path, "hidden");
  }

  #opaque(path: string): void {
    this.#ensureParent(`${path}/x`, path);
    if (this.#whiteouts === "files") this.#marker(path === "" ? ".wh..wh..opq" : `${path}/.wh..wh..opq`);
    else setXattr(this.#bytes(path), opaqueAttribute, Buffer.from("y"));
  }

  #marker(path: string): void {
    fs.closeSync(this.#replacing(path, (bytes) => fs.openSync(bytes, createFlags, 0o600)));
  }

  /** Every component above `path` becomes or is a real directory. */
  #ensureParent(path: string, name: string): void {
    for (const parent of parentsOf(path)) {
      if (this.#isDirectory(parent)) continue;
      const hidesLower = this.#known.kindOf(parent) === "hidden";
      if (!hidesLower && fs.lstatSync(this.#bytes(parent), { throwIfNoEntry: false })) {
        throw refused("a name goes through what is not a directory", name);
      }
      this.#replacing(parent, (bytes) => fs.mkdirSync(bytes, 0o700));
      fs.chmodSync(this.#bytes(parent), 0o755); // whatever the umask is
      this.#known.mark(parent, "directory");
      if (hidesLower) this.#opaque(parent);
    }
  }

  #isDirectory(path: string): boolean {
    if (this.#known.kindOf(path) === "directory") return true;
    const real = fs.lstatSync(this.#bytes(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (real) this.#known.mark(path, "directory");
    return real;
  }

  /** Makes an entry; when one is there already the later one wins, as in every reader of the format. */
  #replacing<T>(path: string, make: (bytes: Buffer) => T): T {
    const bytes = this.#bytes(path);
    try {
      return make(bytes);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    this.#known.forget(path);
    fs.rmSync(bytes, { recursive: true });
    return make(bytes);
  }

  #setXattrs(path: string, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs) {
      // Overlay's own attributes would let an archive redirect lookups; labels belong to the host's policy.
      if (/^(trusted|user)\.overlay\.|^security\.selinux$/.test(name)) continue;
      try {
        setXattr(this.#bytes(path), name, value);
      } catch (error) {
        // The kernel has no place for it on this file system, or on a file of this kind.
        if (!["ENOTSUP", "EOPNOTSUPP", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
      }
    }
  }

  #setTimes(path: string, nanos: bigint): void {
    setTimes(this.#bytes(path), nanos, nanos);
  }

  #bytes(path: string): Buffer {
    return Buffer.from(path === "" ? this.#root : `${this.#root}/${path}`, "latin1");
  }
}

/** `a/b/c` has the parents `a` and `a/b`. */
function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) parents.push(path.slice(0, at));
  return parents;
}

function markerPath(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}.wh.${path.slice(slash)}`;
}
