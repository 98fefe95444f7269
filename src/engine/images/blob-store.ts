/**
 * Content-addressed blobs: `blobs/sha256/HEX` under the state root, each whole and checked before it gets its name.
 *
 * Touches the world. What is still coming in lies in `partial/`, where a later try finds it, also of a new engine.
 */
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeDurably, syncDirectory, writeDurably } from "../../base/durable-file.js";
import { GantryError, isGantryError, systemCodeOf } from "../../base/errors.js";
import { type Digest, digestOf, hexOf, isDigest } from "../../oci/digest.js";

export class BlobStore {
  readonly #blobs: string;
  readonly #partial: string;

  private constructor(stateRoot: string) {
    this.#blobs = join(stateRoot, "blobs", "sha256");
    this.#partial = join(stateRoot, "partial");
  }

  static async open(stateRoot: string): Promise<BlobStore> {
    const store = new BlobStore(stateRoot);
    await mkdir(store.#blobs, { recursive: true, mode: 0o700 });
    await mkdir(store.#partial, { recursive: true, mode: 0o700 });
    return store;
  }

  path(digest: Digest): string {
    return join(this.#blobs, hexOf(digest));
  }

  /** Where a download of that blob is kept until it is complete. */
  partialPath(name: Digest | `import-${string}`): string {
    return join(this.#partial, isDigest(name) ? hexOf(name) : name);
  }

  has(digest: Digest): boolean {
    return existsSync(this.path(digest));
  }

  async sizeBytes(digest: Digest): Promise<number> {
    return (await stat(this.path(digest))).size;
  }

  /** Stores a small blob, also in place of a damaged one. */
  async write(bytes: Uint8Array | string): Promise<Digest> {
    const digest = digestOf(bytes);
    if (!(await this.isWhole(digest)))
      await writeDurably(this.path(digest), typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    return digest;
  }

  /** Gives the file at `path`, whose content was checked against `digest`, its name here. Same file system. */
  async adopt(path: string, digest: Digest): Promise<void> {
    const file = await open(path, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(path, this.path(digest));
    await syncDirectory(this.#blobs);
  }

  /** A small blob's content, checked. Throws "blob-corrupt"; also when it is missing. */
  async read(digest: Digest): Promise<Buffer> {
    const bytes = await readFile(this.path(digest)).catch((error: unknown) => {
      if (systemCodeOf(error) !== "ENOENT") throw error;
      throw new GantryError("blob-corrupt", `Blob ${digest} is missing`, { cause: error });
    });
    if (digestOf(bytes) === digest) return bytes;
    throw new GantryError("blob-corrupt", `Blob ${digest} is damaged: its content has another digest`);
  }

  /** True for a small blob that is here and undamaged. */
  isWhole(digest: Digest): Promise<boolean> {
    return this.read(digest).then(
      () => true,
      (error: unknown) => {
        if (isGantryError(error, "blob-corrupt")) return false;
        throw error;
      },
    );
  }

  /** The first bytes, four at least, zeros where the blob is shorter. */
  async start(digest: Digest): Promise<Buffer> {
    const file = await open(this.path(digest), "r");
    try {
      const bytes = Buffer.alloc(4);
      await file.read(bytes, 0, bytes.length, 0);
      return bytes;
    } finally {
      await file.close();
    }
  }

  /** Where archives are unpacked; `removePartials` empties it. */
  get scratch(): string {
    return this.#partial;
  }

  hasPartial(digest: Digest): boolean {
    return existsSync(this.partialPath(digest));
  }

  /** Drops a blob that turned out to be damaged, and what was downloaded of it. */
  async forget(digest: Digest): Promise<void> {
    await this.remove(digest);
    await rm(this.partialPath(digest), { force: true });
  }

  async list(): Promise<Digest[]> {
    return (await readdir(this.#blobs)).map((name) => `sha256:${name}`).filter(isDigest);
  }

  async remove(digest: Digest): Promise<void> {
    await removeDurably(this.path(digest));
  }

  /** Deletes what lies in `partial/`, but downloads that somebody wants. Returns the bytes of downloads that went. */
  async removePartials(isWanted: (digest: Digest) => boolean): Promise<number> {
    let freedBytes = 0;
    for (const name of await readdir(this.#partial)) {
      const digest = `sha256:${name}`;
      if (isDigest(digest) && isWanted(digest)) continue;
      const path = join(this.#partial, name);
      freedBytes += await stat(path).then(
        (stats) => (stats.isFile() ? stats.size : 0),
        () => 0,
      );
      await rm(path, { recursive: true, force: true });
    }
    return freedBytes;
  }
}
