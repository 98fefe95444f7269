/**
 * Writes the entries of an archive into a container's tree. Touches the world, synchronously: for the tree worker.
 *
 * The thread's root is the tree (`enter-tree.ts`), so that links in it may be followed: they stay inside. The last
 * component is never followed: what is there is replaced, and files are made anew.
 */
import * as fs from "node:fs";
import { GantryError, systemCodeOf } from "../../../base/errors.js";
import { makeNode, nodeTypes, setTimes, setXattr } from "../../kernel/mount.js";
import { refused, type TarEntry } from "../archive/tar-header.js";
import type { TarSink } from "../archive/tar-reader.js";
import { below, raw } from "./tree-tar.js";

const createFlags = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;

/**
 * `keepKinds` refuses to replace a directory by something else, and the other way round. Everything belongs to `owner`
 * where there is one, to the owners in the archive otherwise.
 */
export interface ExtractOptions {
  readonly keepKinds: boolean;
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Give it to a `TarReader`, then call `finish`. A failure leaves what was written so far, as tar does. */
export class TreeExtractor implements TarSink {
  readonly #root: string;
  readonly #options: ExtractOptions;
  /** Set last: writing into a directory changes its time. */
  readonly #directoryTimes = new Map<string, bigint>();
  #file: { readonly fd: number; readonly path: string; readonly entry: TarEntry } | undefined;

  /** `root` is an absolute path in the tree, of a directory; a byte string. */
  constructor(root: string, options: ExtractOptions) {
    this.#root = root;
    this.#options = options;
  }

  entry(read: TarEntry): void {
    const entry = { ...read, ...this.#options.owner };
    const path = this.#place(entry.name);
    if (path === this.#root) {
      if (entry.type !== "directory") throw refused("an entry would replace the directory itself", entry.name);
      return;
    }
    this.#makeParent(path);
    if (!this.#clear(path, entry)) {
      this.#own(path, entry);
      return;
    }
    this.#make(path, entry);
  }

  data(chunk: Buffer): void {
    if (!this.#file) return;
    for (let at = 0; at < chunk.length; ) at += fs.writeSync(this.#file.fd, chunk, at);
  }

  entryEnd(): void {
    if (!this.#file) return;
    const { fd, path, entry } = this.#file;
    this.#file = undefined;
    try {
      fs.fchownSync(fd, entry.uid, entry.gid);
      fs.fchmodSync(fd, entry.mode); // after the owner: changing that clears the set-id bits
      setXattrs(path, entry);
    } finally {
      fs.closeSync(fd);
    }
    setTimes(raw(path), entry.modifiedNanos, entry.modifiedNanos);
  }

  finish(): void {
    for (const [path, nanos] of this.#directoryTimes) setTimes(raw(path), nanos, nanos);
  }

  /** A leading slash means the directory; `..` is refused even though it could not lead out of the tree. */
  #place(name: string): string {
    const components = name.split("/").filter((component) => component !== "" && component !== ".");
    if (components.includes("..") || name.includes("\0")) throw refused("a name leads out of the directory", name);
    return components.reduce(below, this.#root);
  }

  #makeParent(path: string): void {
    const parent = path.slice(0, path.lastIndexOf("/")) || "/";
    if (!fs.statSync(raw(parent), { throwIfNoEntry: false }))
      fs.mkdirSync(raw(parent), { recursive: true, mode: 0o755 });
  }

  /** Makes room for the entry; false when a directory is there already, and one is asked for. */
  #clear(path: string, entry: TarEntry): boolean {
    const there = fs.lstatSync(raw(path), { throwIfNoEntry: false });
    if (!there) return true;
    const isDirectory = entry.type === "directory";
    if (isDirectory && there.isDirectory()) return false;
    if (this.#options.keepKinds && isDirectory !== there.isDirectory()) {
      const what = isDirectory ? ["non-directory", "directory"] : ["directory", "non-directory"];
      throw new GantryError(
        "bad-parameter",
        `cannot overwrite ${what[0]} "${shown(path)}" with ${what[1]} "${shown(path)}"`,
      );
    }
    fs.rmSync(raw(path), { recursive: true });
    return true;
  }

  #make(path: string, entry: TarEntry): void {
    const bytes = raw(path);
    switch (entry.type) {
      case "file":
        this.#file = { fd: fs.openSync(bytes, createFlags, 0o600), path, entry };
        return;
      case "hardlink":
        fs.linkSync(raw(this.#place(entry.linkName)), bytes);
        return;
      case "directory":
        fs.mkdirSync(bytes, 0o700);
        break;
      case "symlink":
        fs.symlinkSync(raw(entry.linkName), bytes);
        break;
      default:
        makeNode(bytes, nodeTypes[entry.type] | entry.mode, entry.device);
    }
    this.#own(path, entry);
  }

  #own(path: string, entry: TarEntry): void {
    fs.lchownSync(raw(path), entry.uid, entry.gid);
    if (entry.type !== "symlink") fs.chmodSync(raw(path), entry.mode);
    setXattrs(path, entry);
    if (entry.type === "directory") this.#directoryTimes.set(path, entry.modifiedNanos);
    else setTimes(raw(path), entry.modifiedNanos, entry.modifiedNanos);
  }
}

function setXattrs(path: string, entry: TarEntry): void {
  for (const [name, value] of entry.xattrs) {
    if (/^(trusted|user)\.overlay\.|^security\.selinux$/.test(name)) continue;
    try {
      setXattr(raw(path), name, value);
    } catch (error) {
      const errno = error instanceof Error ? systemCodeOf(error.cause) : undefined;
      if (!["ENOTSUP", "EOPNOTSUPP"].includes(errno ?? "")) throw error;
    }
  }
}

function shown(path: string): string {
  return raw(path).toString();
}
