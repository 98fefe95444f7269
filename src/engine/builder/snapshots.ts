/**
 * Root file systems of builds: stacks of layers to read from, and new layers made by changing one.
 *
 * Touches the world. Each lives under a name of its own (`build-…`) until it is disposed of; a crash leaves names that
 * `sweep` removes at the next start.
 */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { GantryError } from "../../base/errors.js";
import { type ChainId, chainIdsOf } from "../../oci/digest.js";
import { mediaTypes } from "../../oci/manifest.js";
import type { Images, LayerPart } from "../images/images.js";
import type { LayerStore } from "../layers/layer-store.js";
import type { BuildWorkers } from "./trees/build-workers.js";

/** A tree that is mounted until disposed. Writes to it are lost. */
export interface MountedTree extends AsyncDisposable {
  readonly id: string;
  readonly path: string;
}

/** `undefined`: nothing was changed. */
export interface MadeLayer {
  readonly layer: LayerPart | undefined;
  readonly sizeBytes: number;
}

export interface CommitOptions {
  readonly epochSeconds?: number;
  readonly stubs?: readonly string[];
}

const prefix = "build-";

export class Snapshots {
  readonly #layers: LayerStore;
  readonly #images: Images;
  readonly #workers: BuildWorkers;

  constructor({ layers, images, workers }: { layers: LayerStore; images: Images; workers: BuildWorkers }) {
    this.#layers = layers;
    this.#images = images;
    this.#workers = workers;
  }

  /** Removes what a crash left. */
  async sweep(): Promise<void> {
    for (const id of this.#layers.rootfsIds()) if (id.startsWith(prefix)) await this.#layers.removeRootfs(id);
  }

  /** Throws "mount-failed". */
  async mount(chainIds: readonly string[]): Promise<MountedTree> {
    const id = `${prefix}${randomUUID()}`;
    const dispose = () => this.#layers.removeRootfs(id);
    try {
      await this.#layers.createRootfs(id, chainIds);
      const path = await this.#layers.mountRootfs(id);
      return { id, path, [Symbol.asyncDispose]: dispose };
    } catch (error) {
      await dispose();
      throw error;
    }
  }

  /** Changes a tree and makes a layer of the changes. */
  async change(
    chainIds: readonly ChainId[],
    work: (root: string) => Promise<void>,
    options: CommitOptions = {},
  ): Promise<MadeLayer> {
    this.requireOverlay();
    await using tree = await this.mount(chainIds);
    await work(tree.path);
    return await this.commit(tree.id, chainIds.at(-1), options); // the tree is needed until then
  }

  /** Makes a layer above `parent` of what was written in a root file system, which is empty afterwards. */
  async commit(id: string, parent: ChainId | undefined, options: CommitOptions): Promise<MadeLayer> {
    await this.#layers.unmountRootfs(id);
    const { UpperDir: upper, LowerDir = "" } = this.#layers.describeRootfs(id);
    if (upper === undefined) throw new Error("A root file system that can be committed has an upper directory");
    const archive = this.#images.forBuilds.newArchivePath();
    const lower = LowerDir.split(":").filter((path) => path !== "");
    const { epochSeconds, stubs = [] } = options;
    try {
      const epoch = epochSeconds === undefined ? {} : { epochSeconds };
      const made = await this.#workers.commit({ upper, lower, archive, stubs, ...epoch });
      if (made.isEmpty) return { layer: undefined, sizeBytes: 0 };
      const { diffId, sizeBytes, archiveBytes } = made;
      await this.#images.forBuilds.adoptArchive(archive, diffId);
      const { chainId } = await this.#layers.adoptUpper(id, { diffId, sizeBytes }, parent);
      const layer = { mediaType: mediaTypes.ociLayer, digest: diffId, size: archiveBytes, chainId, diffId };
      return { layer, sizeBytes };
    } finally {
      await rm(archive, { force: true });
    }
  }

  /** The same layer above `parent`; one that was made there stays as it is. */
  async above(layer: LayerPart, parent: ChainId | undefined): Promise<LayerPart> {
    const chainId = parent === undefined ? layer.diffId : chainIdsOf([parent, layer.diffId])[1];
    if (chainId === undefined) throw new Error("Two layers have two chain ids");
    if (layer.chainId === chainId && this.#layers.layer(chainId)) return layer;
    if (!this.#layers.layer(chainId)) {
      const signal = new AbortController().signal;
      const unpacked = await this.#layers.unpack(this.#images.forBuilds.archivePath(layer.digest), {
        expected: {},
        signal,
      });
      await this.#layers.keepLayer(unpacked, parent);
    }
    return { ...layer, chainId };
  }

  /** True while its tree and its archive are stored. */
  has({ chainId, digest }: LayerPart): boolean {
    return this.#layers.layer(chainId) !== undefined && this.#images.forBuilds.hasArchive(digest);
  }

  /** Its archive is stored, its tree may be missing: it is unpacked above `parent` then. False without an archive. */
  async restore(layer: LayerPart, parent: ChainId | undefined): Promise<boolean> {
    if (this.has(layer)) return true;
    if (!this.#images.forBuilds.hasArchive(layer.digest)) return false;
    const { chainId } = await this.above({ ...layer, chainId: layer.diffId }, parent);
    return chainId === layer.chainId;
  }

  requireOverlay(): void {
    if (this.#layers.driver === "overlay2") return;
    throw new GantryError("not-supported", "Images cannot be built with the storage driver vfs", {
      hint: "Keep the state root on a file system that carries overlay mounts, such as ext4 or xfs",
    });
  }
}
