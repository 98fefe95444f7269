/**
 * Takes images out of an archive: Docker's own (`manifest.json`, of any age) or an OCI image layout.
 *
 * Touches the world. The archive is unpacked into a directory of its own, in a thread that has that directory as its
 * root; every file is looked up so that no link of the archive leads out of it, and blobs are checked by their digests.
 */
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, realpath, rm, stat } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import type { Readable } from "node:stream";
import { GantryError } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";
import { type ChainId, chainIdsOf, type Digest, digestOf, hexOf, isDigest } from "../../../oci/digest.js";
import { type ImageConfig, parseImageConfig } from "../../../oci/image-config.js";
import { chooseManifest, mediaTypes, parseManifest } from "../../../oci/manifest.js";
import type { Platform } from "../../../oci/platform.js";
import { type ImageReference, parseReference, withDefaultTag } from "../../../oci/reference.js";
import { decompressed } from "../../layers/archive/decompress.js";
import { isZstd } from "../../layers/archive/zstd-frames.js";
import type { LayerStore } from "../../layers/layer-store.js";
import { extractIntoTree } from "../../layers/trees/tree-jobs.js";
import { UnpackGuard } from "../../layers/unpack-guard.js";
import type { BlobStore } from "../blob-store.js";
import type { ImageRecord } from "../image-index.js";

export interface LoadRooms {
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  /** An absolute directory on the blobs' file system, for the unpacked archive. */
  readonly scratch: string;
  readonly platform: Platform;
  readonly now: () => Date;
}

export interface LoadedImage {
  readonly record: ImageRecord;
  readonly config: ImageConfig;
  readonly tags: readonly ImageReference[];
}

/** What an archive says of one image; paths are the archive's. */
interface Found {
  readonly config: string;
  readonly layers: readonly string[];
  readonly tags: readonly string[];
  /** The manifest that the archive has for it, if any: kept, so that the image has the same digest everywhere. */
  readonly manifest?: string;
}

const maxJsonBytes = 4 * 1024 * 1024;

/** The caller records the images and points the tags. Throws "import-failed" for what is no archive of images. */
export async function loadImages(archive: Readable, rooms: LoadRooms, signal: AbortSignal): Promise<LoadedImage[]> {
  const directory = join(rooms.scratch, `load-${randomUUID()}`);
  await mkdir(directory, { mode: 0o700 });
  try {
    const view = { kind: "rootfs", root: directory, readOnly: false, mounts: [] } as const;
    await extractIntoTree(
      view,
      { path: "/", keepKinds: false },
      { tar: new UnpackGuard(directory).watch(await decompressed(archive)), signal },
    );
    const loaded: LoadedImage[] = [];
    for (const found of await findImages(directory, rooms.platform)) {
      signal.throwIfAborted();
      loaded.push(await loadImage(found, { directory, rooms, signal }));
    }
    return loaded;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The image that `reference` names, a tag or a manifest's digest; the only one without it. Throws "import-failed". */
export async function loadLayout(
  { path, reference }: { path: string; reference?: string },
  rooms: LoadRooms,
  signal: AbortSignal,
): Promise<LoadedImage> {
  const index = await readJson(path, "index.json");
  if (!isRecord(index)) throw refused(`${path} holds no index.json`);
  const entries = Array.isArray(index.manifests) ? index.manifests.filter(isRecord) : [];
  const tagOf = ({ annotations }: Record<string, unknown>) =>
    isRecord(annotations) ? annotations["org.opencontainers.image.ref.name"] : undefined;
  const isWanted = (entry: Record<string, unknown>) => entry.digest === reference || tagOf(entry) === reference;
  const [entry, ...others] = reference === undefined ? entries : entries.filter(isWanted);
  if (!entry || !isDigest(entry.digest)) throw refused(`${path} has no image ${reference ?? ""}`);
  if (others.length > 0) throw refused(`${path} holds several images: name one by its tag or digest`);
  return loadImage(await layoutImage(path, entry.digest, rooms.platform), { directory: path, rooms, signal });
}

async function findImages(directory: string, platform: Platform): Promise<Found[]> {
  const docker = await readJson(directory, "manifest.json");
  const index = await readJson(directory, "index.json");
  if (Array.isArray(docker)) {
    // Archives that have both name the same images in both; only the index knows their manifests.
    const indexed = isRecord(index) ? await layoutImages(directory, index, platform).catch(() => []) : [];
    const manifests = new Map(indexed.map(({ config, manifest }) => [config, manifest]));
    return docker.map(dockerImage).map((found) => {
      const manifest = manifests.get(found.config);
      return manifest === undefined ? found : { ...found, manifest };
    });
  }
  if (!isRecord(index)) throw refused("it holds neither manifest.json nor index.json");
  return layoutImages(directory, index, platform);
}

function dockerImage(entry: unknown): Found {
  if (!isRecord(entry) || typeof entry.Config !== "string") throw refused("its manifest.json names no configuration");
  return { config: entry.Config, layers: texts(entry.Layers), tags: texts(entry.RepoTags) };
}

async function layoutImages(directory: string, index: Record<string, unknown>, platform: Platform): Promise<Found[]> {
  const byDigest = new Map<string, Found>();
  for (const entry of Array.isArray(index.manifests) ? index.manifests.filter(isRecord) : []) {
    if (!isDigest(entry.digest)) throw refused("its index names a manifest without digest");
    const known = byDigest.get(entry.digest);
    const found = known ?? (await layoutImage(directory, entry.digest, platform));
    const annotations = isRecord(entry.annotations) ? entry.annotations : {};
    const name = annotations["io.containerd.image.name"] ?? fullName(annotations["org.opencontainers.image.ref.name"]);
    byDigest.set(entry.digest, { ...found, tags: [...found.tags, ...texts([name])] });
  }
  return [...byDigest.values()];
}

async function layoutImage(directory: string, digest: Digest, platform: Platform): Promise<Found> {
  const text = (await readChecked(directory, digest)).toString();
  const parsed = parseManifest(text);
  if (parsed.kind === "index") {
    return layoutImage(directory, chooseManifest(parsed, platform, "the archive").digest, platform);
  }
  const layers = parsed.layers.map((layer) => blobPath(layer.digest));
  return { config: blobPath(parsed.config.digest), layers, tags: [], manifest: text };
}

/** A reference name may be a whole name or only a tag; a tag alone names nothing here. */
function fullName(name: unknown): string | undefined {
  return typeof name === "string" && /[/:]/.test(name) ? name : undefined;
}

interface Load {
  readonly directory: string;
  readonly rooms: LoadRooms;
  readonly signal: AbortSignal;
}

async function loadImage(found: Found, load: Load): Promise<LoadedImage> {
  const { blobs, layers, now } = load.rooms;
  const bytes = await readSmall(load.directory, found.config);
  checkDigest(digestOf(bytes), found.config);
  const config = parseImageConfig(bytes.toString());
  if (config.diffIds.length !== found.layers.length) {
    throw refused(`an image has ${found.layers.length} layers and names ${config.diffIds.length}`);
  }
  const chainIds = chainIdsOf(config.diffIds);
  const descriptors: Array<{ mediaType: string; digest: Digest; size: number }> = [];
  for (const [at, path] of found.layers.entries()) {
    descriptors.push(await loadLayer({ path, at, chainIds, diffId: config.diffIds[at] }, load));
  }
  const id = await blobs.write(bytes);
  const isOwn = found.manifest !== undefined && namesSame(found.manifest, id, descriptors);
  const manifest = await blobs.write(
    isOwn && found.manifest
      ? found.manifest
      : JSON.stringify({
          ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
          config: { mediaType: mediaTypes.ociConfig, digest: id, size: bytes.length },
          layers: descriptors,
        }),
  );
  const record: ImageRecord = {
    ...{ id, manifest, chainIds },
    layers: descriptors.map(({ digest }) => digest),
    sizeBytes: chainIds.reduce((sum, chainId) => sum + (layers.layer(chainId)?.sizeBytes ?? 0), 0),
    lastTaggedAt: now().toISOString(),
  };
  return { record, config, tags: found.tags.map(tagOf) };
}

/** A digest is a promise of a registry's, which no archive can make. Throws "import-failed". */
function tagOf(name: string): ImageReference {
  const reference = parseReference(name);
  if (reference.digest) throw refused(`it wants to be called ${name}, which has a digest`);
  return withDefaultTag(reference);
}

/** Whether a manifest speaks of that configuration and of just those blobs. */
function namesSame(text: string, id: Digest, layers: ReadonlyArray<{ digest: Digest }>): boolean {
  const parsed = parseManifest(text);
  if (parsed.kind !== "image" || parsed.config.digest !== id) return false;
  return (
    parsed.layers.length === layers.length && parsed.layers.every(({ digest }, at) => digest === layers[at]?.digest)
  );
}

/** Unpacked unless that layer is there; its blob is kept either way, so that the image can leave again. */
async function loadLayer(
  layer: { path: string; at: number; chainIds: readonly ChainId[]; diffId: Digest | undefined },
  { directory, rooms, signal }: Load,
): Promise<{ mediaType: string; digest: Digest; size: number }> {
  const { blobs, layers } = rooms;
  const file = await inside(directory, layer.path);
  const { size } = await stat(file);
  const chainId = layer.chainIds[layer.at];
  const expected = layer.diffId ? { diffId: layer.diffId } : {};
  let digest: Digest;
  if (chainId && layers.layer(chainId)) {
    // Not believed because of what is known by that name: its blob may leave in an image that others trust.
    ({ digest } = await layers.verify(file, { expected, signal }));
    checkDigest(digest, layer.path);
  } else {
    const unpacked = await layers.unpack(file, { expected, signal });
    try {
      checkDigest(unpacked.digest, layer.path);
    } catch (error) {
      await layers.discard(unpacked);
      throw error;
    }
    await layers.keepLayer(unpacked, layer.chainIds[layer.at - 1]);
    digest = unpacked.digest;
  }
  const mediaType = await typeOf(file);
  if (!blobs.has(digest)) {
    // A copy: an archive may name one file for several layers.
    const copy = blobs.partialPath(`import-${randomUUID()}`);
    await copyFile(file, copy);
    await blobs.adopt(copy, digest);
  }
  return { mediaType, digest, size };
}

async function typeOf(path: string): Promise<string> {
  for await (const chunk of createReadStream(path, { end: 3 })) {
    const start = chunk as Buffer;
    if (start[0] === 0x1f && start[1] === 0x8b) return mediaTypes.ociLayerGzip;
    if (isZstd(start)) return mediaTypes.ociLayerZstd;
  }
  return mediaTypes.ociLayer;
}

/** A file of a layout is named by its digest. Throws "blob-corrupt". */
function checkDigest(actual: Digest, path: string): void {
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1];
  if (hex === undefined || hex === hexOf(actual)) return;
  throw new GantryError("blob-corrupt", `Blob sha256:${hex} of the archive has another digest`);
}

/** The real path of a regular file of the archive. Throws "import-failed" when it is missing or lies elsewhere. */
async function inside(directory: string, path: string): Promise<string> {
  const root = await realpath(directory);
  const real = await realpath(join(root, posix.join("/", path))).catch(() => undefined);
  if (real?.startsWith(root + sep) && (await stat(real)).isFile()) return real;
  throw refused(`it names the file ${path}, which it does not hold`);
}

async function readSmall(directory: string, path: string): Promise<Buffer> {
  const file = await inside(directory, path);
  if ((await stat(file)).size > maxJsonBytes) throw refused(`${path} is larger than ${maxJsonBytes} bytes`);
  return readFile(file);
}

async function readChecked(directory: string, digest: Digest): Promise<Buffer> {
  const bytes = await readSmall(directory, blobPath(digest));
  checkDigest(digestOf(bytes), blobPath(digest));
  return bytes;
}

async function readJson(directory: string, path: string): Promise<unknown> {
  const bytes = await readSmall(directory, path).catch(() => undefined);
  if (!bytes) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw refused(`its ${path} is not JSON`);
  }
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string" && item !== "") : [];
}

function refused(reason: string): GantryError {
  return new GantryError("import-failed", `The archive was refused: ${reason}`);
}
