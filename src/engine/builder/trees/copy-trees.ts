/**
 * Carries out COPY on a mounted tree that nobody else uses. Touches the world.
 *
 * The destination is looked up with the tree as root; below it every name is made anew or is a real directory, so that
 * no link is ever written through.
 */
import * as fs from "node:fs";
import { posix } from "node:path";
import { GantryError } from "../../../base/errors.js";
import { getXattr, listXattrs, makeNode, setTimes, setXattr } from "../../kernel/mount.js";
import type { CopyJob, MakeDirectoryJob, SourceTree } from "./build-job.js";
import { parseFileMode } from "./file-mode.js";
import { hashTrees } from "./hash-trees.js";
import { realPathIn } from "./real-path.js";
import { entriesOf, matchSources, type SourceMatch } from "./source-entries.js";

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const root: Owner = { uid: 0, gid: 0 };

/** Throws "path-not-found", "bad-parameter"; what was written so far stays. */
export function copyTrees(job: CopyJob): void {
  const copier = new Copier(job);
  const matches = job.trees.flatMap((tree) => matchSources(tree).map((match) => ({ match, tree })));
  if (matches.length === 0 && job.files.length === 0) {
    throw new GantryError("path-not-found", "no source files were specified");
  }
  const intoDirectory = job.intoDirectory || matches.length + job.files.length > 1;
  for (const { match, tree } of matches) copier.copy(match, tree, intoDirectory);
  for (const { name, content } of job.files) copier.write(name, content, intoDirectory);
  if (job.expected !== undefined && hashTrees(job.trees, job.files).digest !== job.expected) {
    throw new GantryError("bad-parameter", "The build context was changed while it was copied", {
      hint: "Run the build again",
    });
  }
}

/** An existing directory is left as it is. Throws "bad-parameter" where something else is in the way. */
export function makeDirectory(job: MakeDirectoryJob): void {
  directoryAt(job.root, job.path, root);
}

class Copier {
  readonly #job: CopyJob;
  readonly #mode: ((mode: number, isDirectory: boolean) => number) | undefined;

  constructor(job: CopyJob) {
    this.#job = job;
    this.#mode = job.chmod === undefined ? undefined : parseFileMode(job.chmod);
  }

  /** A directory's content goes into the destination, a file to it or into it. */
  copy(match: SourceMatch, tree: SourceTree, intoDirectory: boolean): void {
    const name = match.name.split("/").at(-1) ?? "";
    const keepsName = tree.parents && match.stat.isDirectory();
    const to = posix.join(this.#job.to, match.parents, keepsName ? name : "");
    if (match.parents !== "") this.#copyParents(match, tree);
    if (match.stat.isDirectory()) {
      const isNew = realPathIn(this.#job.root, to) === undefined;
      const directory = directoryAt(this.#job.root, to, this.#job.owner ?? root);
      this.#entries(match, tree, { directory, isNew });
      return;
    }
    const place = this.#filePlace(to, name, intoDirectory || match.parents !== "");
    for (const { real, stat } of entriesOf(match, tree)) this.#entry(place, { real, stat, tree });
  }

  write(name: string, content: string, intoDirectory: boolean): void {
    const place = this.#filePlace(this.#job.to, name, intoDirectory);
    clear(place);
    fs.writeFileSync(place, content, { flag: "wx", mode: 0o600 });
    const { uid, gid } = this.#job.owner ?? root;
    fs.lchownSync(place, uid, gid);
    fs.chmodSync(place, this.#mode ? this.#mode(0o644, false) : 0o644);
    setTimes(place, 0n, 0n); // the content has no time of its own
  }

  #copyParents(match: SourceMatch, tree: SourceTree): void {
    const parts = match.parents.split("/");
    const above = match.name.split("/").slice(0, -1);
    for (let count = 1; count <= parts.length; count += 1) {
      const to = posix.join(this.#job.to, ...parts.slice(0, count));
      if (realPathIn(this.#job.root, to) !== undefined) continue;
      const place = directoryAt(this.#job.root, to, this.#job.owner ?? root);
      const source = above.slice(0, above.length - parts.length + count).join("/");
      const real = realPathIn(tree.root, source);
      if (real !== undefined) this.#finish(place, { real, stat: fs.lstatSync(real, { bigint: true }), tree });
    }
  }

  #filePlace(to: string, name: string, intoDirectory: boolean): string {
    const there = realPathIn(this.#job.root, to);
    const isDirectory = there !== undefined && fs.lstatSync(there).isDirectory();
    const owner = this.#job.owner ?? root;
    if (intoDirectory || isDirectory) return posix.join(directoryAt(this.#job.root, to, owner), name);
    if (there !== undefined) return there;
    // A link that leads nowhere is replaced by the file.
    return posix.join(directoryAt(this.#job.root, posix.dirname(to), owner), posix.basename(to));
  }

  #entries(match: SourceMatch, tree: SourceTree, { directory, isNew }: { directory: string; isNew: boolean }): void {
    const open: Array<() => void> = [];
    // Names of one file stay names of one file.
    const names = new Map<string, string>();
    for (const { path, real, stat } of entriesOf(match, tree)) {
      const place = posix.join(directory, path);
      if (path === "") {
        if (isNew) open.push(() => this.#finish(place, { real, stat, tree }));
      } else if (stat.isDirectory()) {
        const there = fs.lstatSync(place, { throwIfNoEntry: false });
        if (!there?.isDirectory()) {
          if (there) fs.unlinkSync(place);
          fs.mkdirSync(place, 0o700);
        }
        open.push(() => this.#finish(place, { real, stat, tree }));
      } else {
        const file = `${stat.dev}:${stat.ino}`;
        const other = names.get(file);
        if (other !== undefined) link(other, place);
        else this.#entry(place, { real, stat, tree });
        if (stat.isFile() && stat.nlink > 1n) names.set(file, place);
      }
    }
    // Deepest first, and after their content: writing into a directory changes its time.
    for (const finish of open.reverse()) finish();
  }

  #entry(place: string, source: { real: string; stat: fs.BigIntStats; tree: SourceTree }): void {
    const { real, stat } = source;
    clear(place);
    if (stat.isFile()) {
      fs.copyFileSync(real, place, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE);
    } else if (stat.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(real), place);
    else makeNode(place, Number(stat.mode), { major: majorOf(stat.rdev), minor: minorOf(stat.rdev) });
    this.#finish(place, source);
  }

  #finish(place: string, { real, stat, tree }: { real: string; stat: fs.BigIntStats; tree: SourceTree }): void {
    const own = tree.keepOwners ? { uid: Number(stat.uid), gid: Number(stat.gid) } : root;
    const { uid, gid } = this.#job.owner ?? own;
    fs.lchownSync(place, uid, gid);
    if (!stat.isSymbolicLink()) {
      const mode = Number(stat.mode) & 0o7777;
      fs.chmodSync(place, this.#mode ? this.#mode(mode, stat.isDirectory()) : mode);
    }
    if (tree.keepOwners) copyAttributes(real, place);
    const { epochSeconds } = this.#job;
    const time = tree.keepOwners || epochSeconds === undefined ? stat.mtimeNs : BigInt(epochSeconds) * 1_000_000_000n;
    setTimes(place, time, time);
  }
}

/** The real directory at a path of the tree; made with everything above it where it is missing. */
function directoryAt(tree: string, path: string, owner: Owner): string {
  let at = tree;
  let walked = "";
  for (const part of path.split("/").filter((one) => one !== "")) {
    walked = `${walked}/${part}`;
    const there = realPathIn(tree, walked);
    if (there !== undefined) {
      if (!fs.lstatSync(there).isDirectory()) {
        throw new GantryError("bad-parameter", `cannot copy to non-directory: ${walked}`);
      }
      at = there;
      continue;
    }
    at = posix.join(at, part);
    if (fs.lstatSync(at, { throwIfNoEntry: false })) {
      throw new GantryError("bad-parameter", `${walked} is a link that leads nowhere`);
    }
    fs.mkdirSync(at, 0o755);
    fs.chownSync(at, owner.uid, owner.gid);
  }
  return at;
}

function link(other: string, place: string): void {
  clear(place);
  fs.linkSync(other, place);
}

function clear(place: string): void {
  const there = fs.lstatSync(place, { throwIfNoEntry: false });
  if (!there) return;
  if (there.isDirectory()) {
    throw new GantryError("bad-parameter", `cannot overwrite the directory ${posix.basename(place)} with a file`);
  }
  fs.unlinkSync(place);
}

function copyAttributes(from: string, to: string): void {
  for (const name of listXattrs(from)) {
    if (/^(trusted|user)\.overlay\.|^security\.selinux$|^system\./.test(name.toString("latin1"))) continue;
    const value = getXattr(from, name);
    if (value) setXattr(to, name, value);
  }
}

/** glibc's `major` and `minor`. */
function majorOf(device: bigint): number {
  return Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn));
}

function minorOf(device: bigint): number {
  return Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn));
}
