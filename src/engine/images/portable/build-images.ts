/**
 * What builds need of the images: bases taken apart, layers stored, and the image that comes out. Touches the world.
 */
import { randomUUID } from "node:crypto";
import { arch } from "node:os";
import type { Digest } from "../../../oci/digest.js";
import { parseImageConfig } from "../../../oci/image-config.js";
import { platformOfMachine } from "../../../oci/platform.js";
import type { LayerStore } from "../../layers/layer-store.js";
import type { BlobStore } from "../blob-store.js";
import type { ImageIndex } from "../image-index.js";
import { configText, type ImageParts, putTogether, takeApart } from "./build-image.js";
import { loadLayout } from "./load-images.js";

/** Blobs and layers that somebody else than an image needs. */
export interface KeptContent {
  readonly digests: ReadonlySet<string>;
  readonly chainIds: ReadonlySet<string>;
}

export interface BuildImagesRooms {
  readonly blobs: BlobStore;
  readonly index: ImageIndex;
  readonly layers: LayerStore;
  readonly holding: <T>(work: () => Promise<T>) => Promise<T>;
}

export class BuildImages {
  readonly #rooms: BuildImagesRooms;
  readonly #keepers: Array<() => KeptContent> = [];

  constructor(rooms: BuildImagesRooms) {
    this.#rooms = rooms;
  }

  /** What a build starts from. Throws "image-not-found". */
  takeApart(name: string): Promise<ImageParts> {
    const { index, blobs } = this.#rooms;
    return takeApart(index.find(name), { blobs, all: index.all() });
  }

  /** An image's configuration as its maker wrote it. */
  async readConfig(id: string): Promise<unknown> {
    return JSON.parse((await this.#rooms.blobs.read(this.#rooms.index.find(id).id)).toString());
  }

  /**
   * One image of an OCI layout's directory, by its tag or digest where it holds several. It gets no name.
   * Returns its id. Throws "import-failed".
   */
  async loadLayout(layout: { path: string; reference?: string }, signal: AbortSignal): Promise<string> {
    const { index, blobs, layers } = this.#rooms;
    const rooms = { blobs, layers, scratch: blobs.scratch, platform: platformOfMachine(arch()), now: () => new Date() };
    const { record, config } = await loadLayout(layout, rooms, signal);
    if (!index.get(record.id)) await index.add(record, config);
    return record.id;
  }

  /** The image that a build ends in, yet without a name. Returns its id. */
  async putTogether(parts: ImageParts): Promise<string> {
    const { index } = this.#rooms;
    const record = await putTogether(parts, this.#rooms);
    if (!index.get(record.id)) await index.add(record, parseImageConfig(configText(parts)));
    return record.id;
  }

  /** Where a layer's archive is written before `adoptArchive` takes it. */
  newArchivePath(): string {
    return this.#rooms.blobs.partialPath(`import-${randomUUID()}`);
  }

  /** Stores the archive at `path`, whose content has that digest. */
  adoptArchive(path: string, digest: Digest): Promise<void> {
    return this.#rooms.blobs.adopt(path, digest);
  }

  hasArchive(digest: Digest): boolean {
    return this.#rooms.blobs.has(digest);
  }

  /** Where the archive of a layer is stored. */
  archivePath(digest: Digest): string {
    return this.#rooms.blobs.path(digest);
  }

  /** While `work` runs no garbage is collected, as nothing names what it stores. */
  holding<T>(work: () => Promise<T>): Promise<T> {
    return this.#rooms.holding(work);
  }

  /** `source` is asked at each collection of garbage: what it names stays. */
  alsoKeep(source: () => KeptContent): void {
    this.#keepers.push(source);
  }

  /** What those who asked to keep something name now. */
  kept(): KeptContent[] {
    return this.#keepers.map((ask) => ask());
  }
}
