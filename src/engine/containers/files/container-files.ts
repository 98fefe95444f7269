/**
 * The files of containers: archives in and out, what a container changed, its whole tree.
 *
 * Touches the world through the tree jobs of `layers/`. Methods take a name, an id or a unique id prefix.
 */
import { posix } from "node:path";
import type { Readable } from "node:stream";
import { GantryError, isGantryError } from "../../../base/errors.js";
import { decompressed } from "../../layers/archive/decompress.js";
import type { TreeChange, TreeStat } from "../../layers/trees/tree-job.js";
import {
  changesOf,
  exportTree,
  extractIntoTree,
  measureTrees,
  packDiff,
  packFromTree,
  statInTree,
} from "../../layers/trees/tree-jobs.js";
import { resolveUserIn } from "../../runtime/container-files.js";
import type { Container } from "../lifecycle/container.js";
import { announce } from "../lifecycle/notices.js";
import type { Rooms } from "../rooms.js";
import { TreeViews } from "./tree-views.js";

export type { TreeChange, TreeStat };

export class ContainerFiles {
  readonly #rooms: Rooms;
  readonly #views: TreeViews;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#views = new TreeViews(rooms);
  }

  /** Throws "path-not-found". */
  async stat(id: string, path: string, signal: AbortSignal): Promise<TreeStat> {
    const container = this.#rooms.index.find(id);
    await using opened = await this.#views.open(container);
    return await naming({ id, path }, statInTree(opened.view, path, signal));
  }

  /** A tar of what is at `path`; volumes are seen, links never lead out. Throws "path-not-found". */
  async read(
    id: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ stat: TreeStat; chunks: AsyncIterable<Uint8Array> }> {
    const container = this.#rooms.index.find(id);
    const opened = await this.#views.open(container);
    try {
      const { stat, chunks } = await naming({ id, path }, packFromTree(opened.view, path, signal));
      announce(this.#rooms, container.record, "archive-path");
      return { stat, chunks: finallyDispose(chunks, opened) };
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Writes a tar of any compression into the directory `path`. With `toUser` everything belongs to the container's
   * user, if one was asked for. Throws "path-not-found", "read-only", "import-failed".
   */
  async write(
    id: string,
    { path, keepKinds, toUser = false }: { path: string; keepKinds: boolean; toUser?: boolean },
    { archive, signal }: { archive: Readable; signal: AbortSignal },
  ): Promise<void> {
    const container = this.#rooms.index.find(id);
    await using opened = await this.#views.open(container);
    const owner = toUser ? await this.#userOf(container) : {};
    const tar = await decompressed(archive);
    const written = extractIntoTree(opened.view, { path, keepKinds, ...owner }, { tar, signal });
    await naming({ id, path }, written).catch((error: unknown) => {
      throw isGantryError(error, "read-only") ? readOnly(container, path, error) : error;
    });
    announce(this.#rooms, container.record, "extract-to-dir");
  }

  /** What the container changed in its image. Throws "not-supported" without overlay. */
  async changes(id: string, signal: AbortSignal): Promise<TreeChange[]> {
    return changesOf(this.#overlay(this.#rooms.index.find(id)), signal);
  }

  /** A tar of the whole root file system, without volumes. */
  async export(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const container = this.#rooms.index.find(id);
    const opened = await this.#views.openRootfs(container);
    announce(this.#rooms, container.record, "export");
    return finallyDispose(exportTree(opened.root, signal), opened);
  }

  /** The tar of the layer that the container's changes make. Throws "not-supported" without overlay. */
  diff(id: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return packDiff(this.#overlay(this.#rooms.index.find(id)), signal);
  }

  /** Bytes in the writable layers of these containers, by id; 0 where there is none. */
  async writtenBytes(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const uppers = ids.flatMap((id) => {
      const upper = this.#rooms.layers.describeRootfs(id).UpperDir;
      return upper === undefined ? [] : [{ id, upper }];
    });
    const sizes = await measureTrees(
      uppers.map(({ upper }) => upper),
      signal,
    );
    return new Map(uppers.map(({ id }, at) => [id, sizes[at] ?? 0]));
  }

  async #userOf({ id, record }: Container): Promise<{ owner?: { uid: number; gid: number } }> {
    if (!record.config.User) return {};
    const { uid, gid } = resolveUserIn(await this.#rooms.layers.mountRootfs(id), record.config.User, []);
    return { owner: { uid, gid } };
  }

  #overlay({ id }: Container): { upper: string; lower: string[] } {
    const { UpperDir, LowerDir = "" } = this.#rooms.layers.describeRootfs(id);
    if (UpperDir === undefined) {
      throw new GantryError("not-supported", `What a container changed is not known with the driver vfs`, {
        hint: "Keep the state root on a file system that carries overlay mounts, such as ext4 or xfs",
      });
    }
    return { upper: UpperDir, lower: LowerDir.split(":").filter((path) => path !== "") };
  }
}

async function naming<T>({ id, path }: { id: string; path: string }, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!isGantryError(cause, "path-not-found")) throw cause;
    throw new GantryError("path-not-found", `Could not find the file ${path} in container ${id}`, { cause });
  }
}

/** Docker's texts. */
function readOnly({ record }: Container, path: string, cause: unknown): GantryError {
  const target = posix.join("/", path);
  const isIn = (place: string) => target === place || target.startsWith(`${place}/`);
  const what = record.mounts.some((mount) => isIn(mount.target)) ? "mounted volume" : "container rootfs";
  return new GantryError("read-only", `${what} is marked read-only`, { cause });
}

async function* finallyDispose<T>(items: AsyncIterable<T>, owned: AsyncDisposable): AsyncGenerator<T, void> {
  try {
    yield* items;
  } finally {
    await owned[Symbol.asyncDispose]();
  }
}
