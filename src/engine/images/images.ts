/**
 * The image store as the rest of the engine sees it. Implemented by `image-store.ts`.
 *
 * Life: an image exists when its manifest, config and every layer are stored and unpacked; only then does a reference
 * point at it. A crash during a pull leaves what came, which the next pull goes on from; one during an import leaves
 * garbage, which the next engine removes.
 */
import type { Readable } from "node:stream";
import type { ContainerConfig } from "../../wire/container.js";
import type {
  DistributionInspect,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  ProgressMessage,
} from "../../wire/image.js";
import type { BuildImages } from "./portable/build-images.js";

export type { HistoryEntry, ImageParts, LayerPart } from "./portable/build-image.js";

/**
 * `id` is the digest of the image's config (`sha256:…`), as in Docker. `chainIds` are its unpacked layers, lowest
 * first.
 */
export interface StoredImage {
  readonly id: string;
  readonly chainIds: readonly string[];
  /** The image's defaults: Env, Cmd, Entrypoint, ExposedPorts, Volumes, User, WorkingDir, Healthcheck, … */
  readonly config: ContainerConfig;
  readonly os: string;
  readonly architecture: string;
}

export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress?: string;
}

/** Credentials by a registry's host. */
export type AuthFor = (domain: string) => RegistryAuth | undefined;

/** `onProgress` gets Docker's pull vocabulary, one message per change and layer. */
export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (message: ProgressMessage) => void;
}

export interface Images {
  /** By name, name@digest, id or unique id prefix. Throws "image-not-found" with Docker's text. */
  resolve(name: string): StoredImage;
  /** Fetches what is missing. `platform` is `os[/arch[/variant]]`. Throws "image-not-found", "registry-…". */
  pull(name: string, options: TransferOptions & { platform?: string; auth?: RegistryAuth }): Promise<StoredImage>;
  /** Names for `pull`: one for each tag the registry has of the repository. Throws "image-not-found", "registry-…". */
  remoteTags(repository: string, options: { signal: AbortSignal; auth?: RegistryAuth }): Promise<string[]>;
  /** A root file system tarball (any compression) becomes a one-layer image. `changes` are Dockerfile instructions. */
  importRootfs(
    tar: Readable,
    options: TransferOptions & { reference?: string; changes: readonly string[]; message?: string; platform?: string },
  ): Promise<StoredImage>;
  list(filters: Readonly<Record<string, readonly string[]>>): ImageSummary[];
  inspect(name: string): ImageInspect;
  tag(name: string, reference: string): Promise<void>;
  /**
   * `usedBy` names the containers of an image id, `runningBy` those of them that run (none when it is left out).
   * Throws "image-in-use" by Docker's rules.
   */
  remove(
    name: string,
    options: {
      force: boolean;
      usedBy: (imageId: string) => readonly string[];
      runningBy?: (imageId: string) => readonly string[];
    },
  ): Promise<ImageDeleteItem[]>;
  /** Newest first. Throws "image-not-found". */
  history(name: string): Promise<ImageHistoryItem[]>;
  /** The unpacked layers of an image, lowest first. */
  layersOf(name: string): Array<{ chainId: string; sizeBytes: number }>;
  /**
   * An image of the layer (a tar with whiteouts) above the image `parent`. `changes` are Dockerfile instructions on top
   * of `config`.
   */
  commit(
    parent: string,
    layer: AsyncIterable<Uint8Array>,
    request: {
      config: ContainerConfig;
      changes: readonly string[];
      author: string;
      comment: string;
      createdBy: string;
      reference?: string;
      signal: AbortSignal;
    },
  ): Promise<StoredImage>;
  /** A tar that `load` of this engine and of Docker reads. Throws "image-not-found" before its first byte. */
  save(names: readonly string[]): Promise<AsyncIterable<Uint8Array>>;
  /** Takes every image out of an archive of any compression; returns what each is called, by its tags or its id. */
  load(archive: Readable, signal: AbortSignal): Promise<Array<{ id: string; tags: string[] }>>;
  /**
   * Sends the image to the registry in its name, which has a tag. `authFor` are credentials of the registries that it
   * may have come from. Throws "image-not-found", "registry-…".
   */
  push(name: string, options: TransferOptions & { auth?: RegistryAuth; authFor?: AuthFor }): Promise<void>;
  /** The names of a repository that are here, each with its tag. */
  tagsOf(repository: string): string[];
  /**
   * Resolves when the registry takes the credentials, with a token that may stand for them where its server gives such.
   * Throws "registry-denied", "registry-unreachable".
   */
  login(host: string, auth: RegistryAuth, signal: AbortSignal): Promise<{ identityToken?: string | undefined }>;
  /** What a name stands for in its registry, as the API tells it. */
  describeRemote(name: string, options: { signal: AbortSignal; auth?: RegistryAuth }): Promise<DistributionInspect>;
  /** What builds need of the images. */
  readonly forBuilds: BuildImages;
  /**
   * Removes blobs and layers that neither a reference, nor `keep` (image ids of containers), nor a pull in flight
   * needs; with `forgetPending` also what pulls that broke off have left for the next try. Returns the bytes freed.
   */
  collectGarbage(keep: ReadonlySet<string>, options?: { forgetPending?: boolean }): Promise<number>;
  /** What that would remove: blobs and layers together. */
  findGarbage(keep: ReadonlySet<string>): Promise<{ count: number; sizeBytes: number }>;
}
