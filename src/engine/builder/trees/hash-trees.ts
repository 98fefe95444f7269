/** The content of what a COPY takes as one digest: names, kinds, modes, owners, bytes; no times. Touches the world. */
import { createHash, type Hash } from "node:crypto";
import { type BigIntStats, closeSync, constants, openSync, readlinkSync, readSync } from "node:fs";
import { getXattr, listXattrs } from "../../kernel/mount.js";
import type { HashResult, InlineFile, SourceTree } from "./build-job.js";
import { entriesOf, matchSources } from "./source-entries.js";

const chunkBytes = 256 * 1024;
/** Digests of files by their inode and times, so that an unchanged file is read once. About 200 bytes each. */
const maxRemembered = 50_000;
const remembered = new Map<string, string>();

/** Throws "path-not-found". */
export function hashTrees(trees: readonly SourceTree[], files: readonly InlineFile[]): HashResult {
  const hash = createHash("sha256");
  const kinds: Array<"file" | "dir"> = files.map(() => "file");
  for (const tree of trees) {
    for (const match of matchSources(tree)) {
      kinds.push(match.stat.isDirectory() ? "dir" : "file");
      // A directory's own name does not matter: its content is what is copied.
      const isNamed = !match.stat.isDirectory() || tree.parents;
      add(hash, ["match", isNamed ? (match.name.split("/").at(-1) ?? "") : "", match.parents]);
      for (const { path, real, stat } of entriesOf(match, tree)) {
        add(hash, [path, ...describe(real, stat, tree.keepOwners)]);
      }
    }
  }
  for (const { name, content } of files) add(hash, ["inline", name, content]);
  return { digest: hash.digest("hex"), kind: kinds.length === 1 && kinds[0] ? kinds[0] : "multi" };
}

/** Lengths first, so that no two lists give the same bytes. */
function add(hash: Hash, fields: readonly string[]): void {
  for (const field of fields) hash.update(`${Buffer.byteLength(field)}:${field}`);
}

function describe(real: string, stat: BigIntStats, keepOwners: boolean): string[] {
  const owner = keepOwners ? `${stat.uid}:${stat.gid}` : "";
  const common = [stat.mode.toString(8), owner, ...(keepOwners ? attributes(real) : [])];
  if (stat.isFile()) return [...common, stat.size.toString(), contentDigest(real, stat)];
  if (stat.isSymbolicLink()) return [...common, readlinkSync(real)];
  return [...common, stat.rdev.toString()];
}

function attributes(real: string): string[] {
  const names = listXattrs(real)
    .map((name) => name.toString("latin1"))
    .filter((name) => !/^(trusted|user)\.overlay\.|^security\.selinux$|^system\./.test(name));
  return names.sort().flatMap((name) => [name, getXattr(real, Buffer.from(name, "latin1"))?.toString("hex") ?? ""]);
}

function contentDigest(real: string, { dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  const key = `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const digest = readDigest(real);
  if (remembered.size >= maxRemembered) remembered.clear();
  remembered.set(key, digest);
  return digest;
}

const shared = Buffer.alloc(chunkBytes);

function readDigest(real: string): string {
  const hash = createHash("sha256");
  const fd = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (;;) {
      const read = readSync(fd, shared, 0, shared.length, null);
      if (read === 0) break;
      hash.update(shared.subarray(0, read));
    }
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}
