/**
 * The engine's images: `Images` on top of the blobs, the index of names and the unpacked layers.
 *
 * Touches the world. What is removed goes in the order names, image, layers, blobs; what is made, the other way round;
 * so a crash leaves things that nothing names, which `collectGarbage` deletes.
 */
import { arch } from "node:os";
import type { Readable } from "node:stream";
import type { Clock } from "../../base/clock.js";
import { GantryError } from "../../base/errors.js";
import { parseImageConfig } from "../../oci/image-config.js";
import { parsePlatform, platformOfMachine } from "../../oci/platform.js";
import {
  canonicalName,
  canonicalReference,
  familiarReference,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from "../../oci/reference.js";
import type { Credentials } from "../../registry/auth/authorizer.js";
import type { RegistryClient } from "../../registry/registry-client.js";
import type {
  DistributionInspect,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  ProgressMessage,
} from "../../wire/image.js";
import type { LayerStore } from "../layers/layer-store.js";
import type { DamagedRecord } from "../store/json-records.js";
import { BlobStore } from "./blob-store.js";
import { findGarbage, type GarbageRooms, neededContent, removeGarbage, removeLayer } from "./garbage.js";
import { imageDefaults } from "./image-defaults.js";
import { type Image, ImageIndex, type ImageWithNames } from "./image-index.js";
import { inspectImage, listImages } from "./image-views.js";
import type { Images, RegistryAuth, StoredImage, TransferOptions } from "./images.js";
import { applyChanges } from "./import-changes.js";
import { importRootfs } from "./import-rootfs.js";
import { KeyedLock } from "./keyed-lock.js";
import { BuildImages } from "./portable/build-images.js";
import { commitImage } from "./portable/commit-image.js";
import { describeRemote } from "./portable/describe-remote.js";
import { historyOf, portableImage, storedBlob } from "./portable/image-layers.js";
import { loadImages } from "./portable/load-images.js";
import { missingTagText } from "./portable/push-image.js";
import { pushStored } from "./portable/push-stored.js";
import { saveImages } from "./portable/save-images.js";
import { PendingPulls } from "./pull/pending-pulls.js";
import { type PullRequest, pullImage } from "./pull/pull-image.js";
import { planRemove } from "./remove-plan.js";
import { SingleFlight } from "./single-flight.js";

export interface ImageStoreOptions {
  /** Absolute; locked by this process. */
  readonly stateRoot: string;
  readonly layers: LayerStore;
  readonly registry: RegistryClient;
  readonly clock: Clock;
  readonly onDamaged: (damaged: DamagedRecord) => void;
}

export class ImageStore implements Images {
  readonly #layers: LayerStore;
  readonly #registry: RegistryClient;
  readonly #clock: Clock;
  readonly #blobs: BlobStore;
  readonly #index: ImageIndex;
  /** Imports and pulls under way: garbage is not collected beside them, since nothing names what they have stored. */
  #transfers = 0;
  #collecting: Promise<unknown> = Promise.resolve();
  readonly #pending: PendingPulls;
  readonly #garbage: GarbageRooms;
  readonly forBuilds: BuildImages;

  readonly #pulls = new SingleFlight<StoredImage, ProgressMessage>(({ id, status }) => id ?? status ?? "");
  readonly #blobLocks = new KeyedLock();

  private constructor(
    { layers, registry, clock }: ImageStoreOptions,
    { blobs, index, pending }: { blobs: BlobStore; index: ImageIndex; pending: PendingPulls },
  ) {
    this.#layers = layers;
    this.#pending = pending;
    const kept = () => this.forBuilds.kept();
    this.#garbage = { blobs, layers, pending, images: () => index.all(), kept };
    this.#registry = registry;
    this.#clock = clock;
    this.#blobs = blobs;
    this.#index = index;
    this.forBuilds = new BuildImages({ blobs, index, layers, holding: (work) => this.#transfer(work) });
  }

  static async open(options: ImageStoreOptions): Promise<ImageStore> {
    const blobs = await BlobStore.open(options.stateRoot);
    const index = await ImageIndex.open(options.stateRoot, { blobs, onDamaged: options.onDamaged });
    const pending = await PendingPulls.open(options.stateRoot, options);
    return new ImageStore(options, { blobs, index, pending });
  }

  resolve(name: string): StoredImage {
    return storedImage(this.#index.find(name));
  }

  /** A second pull of the same name beside a first one joins it. */
  async pull(
    name: string,
    { signal, onProgress, platform, auth }: TransferOptions & { platform?: string; auth?: RegistryAuth },
  ): Promise<StoredImage> {
    const reference = withDefaultTag(parseReference(name));
    const machine = platformOfMachine(arch());
    const wanted = platform ? parsePlatform(platform, machine) : machine;
    const credentials = auth ? credentialsOf(auth) : undefined;
    const key = JSON.stringify([canonicalReference(reference), wanted, credentials ?? null]);
    return this.#pulls.run(key, { signal, listen: onProgress }, (shared, tell) =>
      this.#transfer(async () => {
        const call = { signal: shared, ...(credentials ? { credentials } : {}) };
        return this.#pullNow({ reference, platform: wanted, call, tell });
      }),
    );
  }

  async importRootfs(
    tar: Readable,
    options: TransferOptions & { reference?: string; changes: readonly string[]; message?: string; platform?: string },
  ): Promise<StoredImage> {
    const config = applyChanges(options.changes);
    const reference = options.reference ? withDefaultTag(parseReference(options.reference)) : undefined;
    if (reference?.digest) throw new GantryError("bad-parameter", "cannot import digest reference");
    const machine = platformOfMachine(arch());
    const platform = options.platform ? parsePlatform(options.platform, machine) : machine;
    const createdAt = this.#clock.now();
    const message = options.message || "Imported from -";
    const request = { config, platform, message, createdAt, signal: options.signal };
    return this.#transfer(async () => {
      const record = await importRootfs(tar, request, { blobs: this.#blobs, layers: this.#layers });
      await this.#index.add(record, parseImageConfig((await this.#blobs.read(record.id)).toString()));
      if (reference) await this.#index.point(reference, record.id, createdAt);
      return this.resolve(record.id);
    });
  }

  list(filters: Readonly<Record<string, readonly string[]>>): ImageSummary[] {
    return listImages(
      this.#index.all().map((image) => this.#withNames(image)),
      filters,
      (name) => this.#index.find(name),
    );
  }

  inspect(name: string): ImageInspect {
    const image = this.#index.find(name);
    const driver = { name: this.#layers.driver, data: this.#layers.describeLayers(image.chainIds) };
    return inspectImage(this.#withNames(image), driver);
  }

  history(name: string): Promise<ImageHistoryItem[]> {
    const image = this.#index.find(name);
    const names = this.#index.namesOf(image.id).filter(({ tag }) => tag);
    return historyOf(image, { blobs: this.#blobs, layers: this.#layers, tags: names.map(familiarReference) });
  }

  layersOf(name: string): Array<{ chainId: string; sizeBytes: number }> {
    const { chainIds } = this.#index.find(name);
    return chainIds.map((chainId) => ({ chainId, sizeBytes: this.#layers.layer(chainId)?.sizeBytes ?? 0 }));
  }

  async commit(
    parent: string,
    layer: AsyncIterable<Uint8Array>,
    { changes, reference: name, ...options }: Parameters<Images["commit"]>[2],
  ): Promise<StoredImage> {
    const reference = name ? withDefaultTag(parseReference(name)) : undefined;
    const createdAt = this.#clock.now();
    const request = { ...options, config: applyChanges(changes, options.config), createdAt };
    return this.#transfer(async () => {
      const image = this.#index.find(parent);
      const parts = { blobs: this.#blobs, layers: this.#layers, all: this.#index.all() };
      const record = await commitImage(image, layer, { request, ...parts });
      await this.#index.add(record, parseImageConfig((await this.#blobs.read(record.id)).toString()));
      if (reference) await this.#index.point(reference, record.id, createdAt);
      return this.resolve(record.id);
    });
  }

  async save(names: readonly string[]): Promise<AsyncIterable<Uint8Array>> {
    const wanted = new Map<string, { image: Image; tags: ImageReference[] }>();
    for (const name of names) {
      const image = this.#index.find(name);
      const entry = wanted.get(image.id) ?? { image, tags: [] };
      wanted.set(image.id, entry);
      const tag = this.#index.namesOf(image.id).find((known) => canonicalReference(known) === fullName(name));
      if (tag?.tag) entry.tags.push(tag);
    }
    const rooms = { blobs: this.#blobs, all: this.#index.all() };
    const saved = await Promise.all(
      [...wanted.values()].map(async ({ image, tags }) => ({ image: await portableImage(image, rooms), tags })),
    );
    return saveImages(saved, this.#blobs);
  }

  load(archive: Readable, signal: AbortSignal): Promise<Array<{ id: string; tags: string[] }>> {
    return this.#transfer(async () => {
      const rooms = { blobs: this.#blobs, layers: this.#layers, scratch: this.#blobs.scratch };
      const platform = platformOfMachine(arch());
      const loaded = await loadImages(archive, { ...rooms, platform, now: () => this.#clock.now() }, signal);
      for (const { record, config, tags } of loaded) {
        await this.#index.add(record, config);
        for (const tag of tags) await this.#index.point(tag, record.id, this.#clock.now());
      }
      return loaded.map(({ record, tags }) => ({ id: record.id, tags: tags.map(familiarReference) }));
    });
  }

  async push(
    name: string,
    { signal, onProgress, auth, authFor = () => undefined }: Parameters<Images["push"]>[1],
  ): Promise<void> {
    const reference = withDefaultTag(parseReference(name));
    const image = this.#index.named(reference);
    if (!image) throw new GantryError("image-not-found", missingTagText(reference));
    const credentialsFor = (host: string) => optionalCredentials(authFor(host));
    const credentials = optionalCredentials(auth);
    const call = { signal, tell: onProgress, credentialsFor, ...(credentials ? { credentials } : {}) };
    const parts = { registry: this.#registry, blobs: this.#blobs, layers: this.#layers, index: this.#index };
    await this.#transfer(async () => {
      const rooms = { ...parts, locks: this.#blobLocks };
      const digest = await pushStored(image, reference, { rooms, call });
      const { domain, path } = reference;
      await this.#index.point({ domain, path, digest }, image.id, this.#clock.now());
    });
  }

  tagsOf(repository: string): string[] {
    const wanted = canonicalName(parseReference(repository));
    const names = this.#index.names().map(({ reference }) => reference);
    return names.filter((name) => name.tag && canonicalName(name) === wanted).map(familiarReference);
  }

  login(host: string, auth: RegistryAuth, signal: AbortSignal): Promise<{ identityToken?: string | undefined }> {
    return this.#registry.pusher.login(host, { signal, credentials: credentialsOf(auth) });
  }

  async describeRemote(
    name: string,
    { signal, auth }: { signal: AbortSignal; auth?: RegistryAuth },
  ): Promise<DistributionInspect> {
    const reference = withDefaultTag(parseReference(name));
    const call = { signal, ...(auth ? { credentials: credentialsOf(auth) } : {}) };
    return describeRemote(await this.#registry.fetchManifest(reference, call));
  }

  async remoteTags(name: string, { signal, auth }: { signal: AbortSignal; auth?: RegistryAuth }): Promise<string[]> {
    const repository = parseReference(name);
    const call = { signal, ...(auth ? { credentials: credentialsOf(auth) } : {}) };
    const tags = await this.#registry.listTags(repository, call);
    return tags.map((tag) => familiarReference({ ...repository, tag }));
  }

  async tag(name: string, text: string): Promise<void> {
    const { id } = this.#index.find(name);
    const reference = withDefaultTag(parseReference(text));
    if (reference.digest) throw new GantryError("bad-parameter", "refusing to create a tag with a digest reference");
    await this.#index.point(reference, id, this.#clock.now());
  }

  async remove(
    name: string,
    options: {
      force: boolean;
      usedBy: (imageId: string) => readonly string[];
      runningBy?: (imageId: string) => readonly string[];
    },
  ): Promise<ImageDeleteItem[]> {
    const image = this.#index.find(name);
    const { names } = this.#withNames(image);
    const users = { all: options.usedBy(image.id), running: options.runningBy?.(image.id) ?? [] };
    const reference = names.find((known) => canonicalReference(known) === fullName(name));
    const plan = planRemove({ imageId: image.id, reference, names, force: options.force, users });
    const removed: ImageDeleteItem[] = [];
    for (const gone of plan.untag) {
      await this.#index.unpoint(gone);
      removed.push({ Untagged: familiarReference(gone) });
    }
    const isNamedAnew = this.#index.namesOf(image.id).length > 0; // by a build or a tag meanwhile
    if (plan.deleteImage && !isNamedAnew) removed.push(...(await this.#delete(image)));
    return removed;
  }

  /** Does nothing while something is being pulled or imported; pulls that start meanwhile wait for it. */
  collectGarbage(keep: ReadonlySet<string>, { forgetPending = false } = {}): Promise<number> {
    const collecting = this.#collecting
      .catch(() => {})
      .then(() => (this.#transfers > 0 ? 0 : removeGarbage(this.#garbage, { keep, forgetPending })));
    this.#collecting = collecting;
    return collecting;
  }

  async findGarbage(keep: ReadonlySet<string>): Promise<{ count: number; sizeBytes: number }> {
    const { chains, blobs, sizeBytes } = await findGarbage(this.#garbage, keep);
    return { count: chains.length + blobs.length, sizeBytes };
  }

  async #pullNow(request: PullRequest): Promise<StoredImage> {
    const { reference, tell } = request;
    const before = this.#index.named(reference)?.id;
    const { record, config, repoDigest } = await pullImage(request, {
      registry: this.#registry,
      blobs: this.#blobs,
      layers: this.#layers,
      ...{ clock: this.#clock, pending: this.#pending },
      storedBlob: (layer) => storedBlob(layer, { blobs: this.#blobs, all: this.#index.all() }),
      hasImage: (id) => this.#index.all().some((image) => image.id === id),
      exclusively: (digest, work) => this.#blobLocks.run(digest, work),
    });
    request.call.signal.throwIfAborted();
    await this.#index.add(record, config);
    const { domain, path } = reference;
    await this.#index.point({ domain, path, digest: repoDigest }, record.id, this.#clock.now());
    if (!reference.digest) await this.#index.point(reference, record.id, this.#clock.now());
    await this.#pending.end(reference);
    const isNew = before !== record.id;
    const what = isNew ? "Downloaded newer image" : "Image is up to date";
    tell({ status: `Status: ${what} for ${familiarReference(reference)}` });
    return this.resolve(record.id);
  }

  async #transfer<T>(work: () => Promise<T>): Promise<T> {
    // Another one may begin while this one is waited for.
    for (let ended: Promise<unknown> | undefined; ended !== this.#collecting; ) {
      ended = this.#collecting;
      await ended.catch(() => {});
    }
    this.#transfers += 1;
    try {
      return await work();
    } finally {
      this.#transfers -= 1;
    }
  }

  async #delete(image: Image): Promise<ImageDeleteItem[]> {
    await this.#index.remove(image.id);
    // A pull may count on these layers: while there is one the garbage takes them later, and a new one waits.
    const removing = this.#collecting
      .catch(() => {})
      .then(() => (this.#transfers > 0 ? [] : this.#removeContent(image)));
    this.#collecting = removing;
    return [{ Deleted: image.id }, ...(await removing)];
  }

  async #removeContent(image: Image): Promise<ImageDeleteItem[]> {
    const removed: ImageDeleteItem[] = [];
    const { blobs, chains } = neededContent(this.#garbage);
    for (const chainId of [...image.chainIds].reverse()) {
      if (!chains.has(chainId) && (await removeLayer(this.#layers, chainId))) removed.push({ Deleted: chainId });
    }
    for (const digest of [image.id, image.manifest, ...image.layers, ...(image.stored ?? [])]) {
      if (!blobs.has(digest)) await this.#blobs.remove(digest);
    }
    return removed;
  }

  #withNames(image: Image): ImageWithNames {
    return { image, names: this.#index.namesOf(image.id) };
  }
}

function storedImage({ id, chainIds, config }: Image): StoredImage {
  const { os, architecture } = config;
  return { id, chainIds, config: imageDefaults(config.config), os, architecture };
}

/** Fields that the API leaves empty count as absent. */
function credentialsOf({ username, password, identitytoken, registrytoken }: RegistryAuth): Credentials {
  return {
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(identitytoken ? { identitytoken } : {}),
    ...(registrytoken ? { registrytoken } : {}),
  };
}

function optionalCredentials(auth: RegistryAuth | undefined): Credentials | undefined {
  return auth && credentialsOf(auth);
}

/** Undefined for what is not a name. */
function fullName(name: string): string | undefined {
  try {
    return canonicalReference(withDefaultTag(parseReference(name)));
  } catch {
    return undefined;
  }
}
