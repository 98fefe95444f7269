/**
 * Pulls one image: manifest, configuration, then its layers side by side. Touches the world.
 *
 * A layer that is unpacked already is not fetched; a blob that is stored already is unpacked again; a download that
 * broke off goes on where it stopped. A failure leaves only blobs, downloads and layers, which the next pull uses; a
 * crash as well, as what a pull wants is written down before its first layer is fetched.
 */
import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../../base/clock.js";
import { GantryError, isGantryError, systemCodeOf } from "../../../base/errors.js";
import { type ChainId, chainIdsOf, type DiffId, type Digest, digestOf } from "../../../oci/digest.js";
import { type ImageConfig, parseImageConfig } from "../../../oci/image-config.js";
import type { Descriptor, ImageManifest } from "../../../oci/manifest.js";
import type { Platform } from "../../../oci/platform.js";
import { familiarReference, type ImageReference } from "../../../oci/reference.js";
import type { RegistryCall, RegistryClient } from "../../../registry/registry-client.js";
import type { ProgressMessage } from "../../../wire/image.js";
import type { LayerStore, UnpackedLayer } from "../../layers/layer-store.js";
import { UnpackGuard } from "../../layers/unpack-guard.js";
import type { BlobStore } from "../blob-store.js";
import type { ImageRecord } from "../image-index.js";
import { limiter } from "../limiter.js";
import type { PendingPulls } from "./pending-pulls.js";
import { LayerProgress } from "./pull-progress.js";
import { platformWarning, resolveManifest } from "./resolve-manifest.js";

export interface PullRequest {
  /** With a tag or a digest. */
  readonly reference: ImageReference;
  readonly platform: Platform;
  readonly call: RegistryCall;
  readonly tell: (message: ProgressMessage) => void;
}

export interface PullRooms {
  readonly registry: RegistryClient;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly clock: Clock;
  readonly pending: PendingPulls;
  readonly hasImage: (id: Digest) => boolean;
  /** The blob that is stored of a layer, its own or another image's with the same content. */
  readonly storedBlob: (layer: { digest: Digest; chainId: ChainId }) => Digest | undefined;
  /** Runs work on one blob at a time: images share layers, and pulls run side by side. */
  readonly exclusively: <T>(digest: Digest, work: () => Promise<T>) => Promise<T>;
}

export interface PulledImage {
  readonly record: ImageRecord;
  readonly config: ImageConfig;
  /** What the tag stood for in the registry: the index's digest if there is one. */
  readonly repoDigest: Digest;
}

/** As many as Docker's next generation; more gain nothing where the disk or the line is the limit. */
const parallelDownloads = 4;
const maxConfigBytes = 4 * 1024 * 1024;

/** The caller records the image and its names. Throws "image-not-found", "registry-…", "blob-corrupt". */
export async function pullImage(request: PullRequest, rooms: PullRooms): Promise<PulledImage> {
  const { reference, call, tell } = request;
  const top = await rooms.registry.fetchManifest(reference, call);
  // Not before: a missing image and a closed door are told by the reply's status.
  const id = reference.digest ? familiarReference(reference) : (reference.tag ?? "");
  tell({ status: `Pulling from ${reference.path}`, id });
  const manifest = await resolveManifest(top, request, rooms.registry);
  const configText = await fetchConfig(manifest.image.config, request, rooms);
  const config = parseImageConfig(configText);
  checkLayers(manifest.image, config);
  const isKnown = rooms.hasImage(manifest.image.config.digest);
  const pulling = { request, rooms, isKnown };
  const digests = manifest.image.layers.map(({ digest }) => digest);
  await rooms.pending.begin(reference, { digests, chainIds: chainIdsOf(config.diffIds) });
  const { chainIds, sizeBytes } = await pullLayers(manifest.image.layers, config.diffIds, pulling).catch(
    async (error: unknown) => {
      // What came is kept for the next pull, but not where it is what fills the disk.
      if (isFullDisk(error)) await rooms.pending.end(reference);
      throw error;
    },
  );
  await rooms.blobs.write(configText);
  await rooms.blobs.write(manifest.text);
  tell({ status: `Digest: ${top.digest}` });
  const warning = platformWarning(familiarReference(reference), request.platform, config);
  if (warning) tell({ status: warning });
  const record = {
    id: manifest.image.config.digest,
    manifest: manifest.digest,
    layers: digests,
    chainIds,
    ...standIns(digests, chainIds, rooms),
    sizeBytes,
    lastTaggedAt: rooms.clock.now().toISOString(),
  };
  return { record, config, repoDigest: top.digest };
}

/** Which blobs stand for layers whose own are not stored, if there are such. */
function standIns(
  digests: readonly Digest[],
  chainIds: readonly ChainId[],
  { storedBlob }: PullRooms,
): Pick<ImageRecord, "stored"> {
  const stored = digests.map((digest, at) => storedBlob({ digest, chainId: chainIds[at] ?? digest }) ?? digest);
  return stored.some((digest, at) => digest !== digests[at]) ? { stored } : {};
}

async function fetchConfig(config: Descriptor, request: PullRequest, rooms: PullRooms): Promise<string> {
  const { registry, blobs } = rooms;
  if (config.sizeBytes > maxConfigBytes) throw new GantryError("registry-failed", "The configuration is over 4 MB");
  return rooms.exclusively(config.digest, async () => {
    if (await blobs.isWhole(config.digest)) return (await blobs.read(config.digest)).toString();
    const path = blobs.partialPath(config.digest);
    await rm(path, { force: true });
    await registry.fetchBlob(request.reference, config, { ...request.call, path, onBytes: () => {} });
    const bytes = await readFile(path);
    await rm(path);
    if (digestOf(bytes) === config.digest) return bytes.toString();
    throw new GantryError("blob-corrupt", `Blob ${config.digest} is damaged: its content has another digest`);
  });
}

function checkLayers({ layers }: ImageManifest, { diffIds }: ImageConfig): void {
  if (layers.length === diffIds.length) return;
  throw new GantryError("registry-failed", `The image has ${layers.length} layers and names ${diffIds.length}`);
}

interface Pull {
  readonly request: PullRequest;
  readonly rooms: PullRooms;
  /** The image is here, perhaps by another name: nobody is told of layers that are there as well. */
  readonly isKnown: boolean;
}

/** Fetches and unpacks side by side, keeps in order: a layer's parent is recorded before it. */
async function pullLayers(
  layers: readonly Descriptor[],
  diffIds: readonly DiffId[],
  pull: Pull,
): Promise<{ chainIds: ChainId[]; sizeBytes: number }> {
  const { rooms, request } = pull;
  const chainIds = chainIdsOf(diffIds);
  const stop = new AbortController();
  const signal = AbortSignal.any([request.call.signal, stop.signal]);
  const stoppable = { ...pull, request: { ...request, call: { ...request.call, signal } } };
  const limit = limiter(parallelDownloads);
  const known = chainIds.map((chainId) => rooms.layers.layer(chainId));
  const progresses = layers.map((layer) => new LayerProgress(layer, { tell: request.tell, clock: rooms.clock }));
  for (const [at, progress] of progresses.entries()) {
    if (!known[at]) progress.status("Pulling fs layer");
    else if (!pull.isKnown) progress.status("Already exists");
  }
  const unpacked = layers.map(async (layer, at) => {
    const [progress, diffId, chainId] = [progresses[at], diffIds[at], chainIds[at]];
    if (!progress || !diffId || !chainId) return undefined;
    const work = { layer, diffId, progress, limit };
    if (known[at]) {
      // Unpacked, but nobody has kept what it was unpacked from: without that the image could not leave any more.
      const isLost = rooms.storedBlob({ digest: layer.digest, chainId }) === undefined;
      if (isLost) await rooms.exclusively(layer.digest, () => restoreBlob(work, stoppable));
      return undefined;
    }
    return rooms.exclusively(layer.digest, () => pullLayer(work, stoppable));
  });
  for (const one of unpacked) one.catch(() => stop.abort());
  try {
    let sizeBytes = 0;
    for (const [at, one] of unpacked.entries()) {
      const fresh = await one;
      const layer = fresh ? await rooms.layers.keepLayer(fresh, chainIds[at - 1]) : known[at];
      sizeBytes += layer?.sizeBytes ?? 0;
      if (fresh) progresses[at]?.status("Pull complete");
    }
    return { chainIds, sizeBytes };
  } catch (error) {
    stop.abort();
    const settled = await Promise.allSettled(unpacked);
    await discardUnkept(settled, rooms.layers);
    throw firstFailure(settled, request.call.signal) ?? error;
  }
}

interface LayerWork {
  readonly layer: Descriptor;
  readonly diffId: DiffId;
  readonly progress: LayerProgress;
  readonly limit: ReturnType<typeof limiter>;
}

/** Fetches the blob of a layer that is unpacked. */
async function restoreBlob(work: LayerWork, pull: Pull): Promise<void> {
  const { blobs, layers } = pull.rooms;
  const { layer, diffId } = work;
  const path = blobs.partialPath(layer.digest);
  await download(work, pull);
  try {
    await layers.verify(path, { expected: { digest: layer.digest, diffId }, signal: pull.request.call.signal });
  } catch (error) {
    await blobs.forget(layer.digest);
    throw error;
  }
  await blobs.adopt(path, layer.digest);
}

/** What was on disk before may be damaged; then it is fetched once more from the start. */
async function pullLayer(work: LayerWork, pull: Pull): Promise<UnpackedLayer> {
  const { blobs } = pull.rooms;
  const { digest } = work.layer;
  // A mirror that sends damaged content may have done so now; what was here before may be damaged too.
  const canRetry =
    blobs.has(digest) || blobs.hasPartial(digest) || pull.rooms.registry.hasMirrors(pull.request.reference);
  if (!blobs.has(digest)) await download(work, pull);
  try {
    return await unpack(work, pull);
  } catch (error) {
    if (!isGantryError(error, "blob-corrupt")) throw error;
    await blobs.forget(digest);
    if (!canRetry) throw error;
  }
  await download(work, pull, { isDistrusted: true });
  try {
    return await unpack(work, pull);
  } catch (error) {
    if (isGantryError(error, "blob-corrupt")) await blobs.forget(digest);
    throw error;
  }
}

async function download(
  { layer, progress, limit }: LayerWork,
  { request, rooms }: Pull,
  { isDistrusted = false } = {},
): Promise<void> {
  const path = rooms.blobs.partialPath(layer.digest);
  const guard = new UnpackGuard(dirname(path));
  let counted = 0;
  const onBytes = (current: number) => {
    guard.grown(Math.max(0, current - counted)); // a download that starts anew counts once more, as it is written
    counted = current;
    progress.count("Downloading", current);
  };
  try {
    const call = { ...request.call, path, onBytes, isDistrusted };
    await limit(() => rooms.registry.fetchBlob(request.reference, layer, call));
  } catch (error) {
    if (isFullDisk(error)) await rm(path, { force: true });
    throw error;
  }
  progress.status("Download complete");
}

/** The worker checks both digests while it unpacks, so this is also the verification. */
async function unpack({ layer, diffId, progress }: LayerWork, pull: Pull): Promise<UnpackedLayer> {
  const { blobs, layers } = pull.rooms;
  const isStored = blobs.has(layer.digest);
  const path = isStored ? blobs.path(layer.digest) : blobs.partialPath(layer.digest);
  if (!isStored) progress.status("Verifying Checksum");
  const unpacked = await layers.unpack(path, {
    expected: { digest: layer.digest, diffId },
    signal: pull.request.call.signal,
    onProgress: (current) => progress.count("Extracting", current),
  });
  if (!isStored) await blobs.adopt(path, layer.digest);
  return unpacked;
}

function isFullDisk(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(systemCodeOf(error) ?? "") || isGantryError(error, "disk-full");
}

async function discardUnkept(
  settled: ReadonlyArray<PromiseSettledResult<UnpackedLayer | undefined>>,
  layers: LayerStore,
): Promise<void> {
  const kept = new Set(layers.layers().map(({ directory }) => directory));
  for (const one of settled) {
    if (one.status === "fulfilled" && one.value && !kept.has(one.value.directory)) await layers.discard(one.value);
  }
}

/** The failure that stopped the others, rather than their cancellation. */
function firstFailure(settled: ReadonlyArray<PromiseSettledResult<unknown>>, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const reasons = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const isCancellation = (reason: unknown) => reason instanceof Error && reason.name === "AbortError";
  return reasons.find((reason) => reason instanceof GantryError) ?? reasons.find((reason) => !isCancellation(reason));
}
