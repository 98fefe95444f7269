/**
 * An image's layers as blobs that can leave the engine again, and its history. Touches the world through the blobs.
 *
 * A pull does not fetch a layer that is unpacked already, so that the blob an image's manifest names may be missing:
 * then the blob of another image stands in, whose layer is the same once unpacked.
 */
import { GantryError } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";
import type { ChainId, Digest } from "../../../oci/digest.js";
import { mediaTypes, parseManifest } from "../../../oci/manifest.js";
import type { ImageHistoryItem } from "../../../wire/image.js";
import { isZstd } from "../../layers/archive/zstd-frames.js";
import type { LayerStore } from "../../layers/layer-store.js";
import type { BlobStore } from "../blob-store.js";
import type { Image } from "../image-index.js";

/** As a manifest names it. */
export interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface PortableImage {
  readonly config: BlobDescriptor;
  readonly layers: readonly BlobDescriptor[];
  readonly manifest: BlobDescriptor;
  readonly manifestText: string;
}

/** Every blob named is stored. Throws "blob-corrupt" when a layer's blob is nowhere. */
export async function portableImage(
  image: Image,
  { blobs, all }: { blobs: BlobStore; all: readonly Image[] },
): Promise<PortableImage> {
  const types = await layerTypes(image, blobs);
  const layers = await Promise.all(
    image.chainIds.map(async (chainId, at) => {
      const digest = storedBlob({ digest: image.layers[at], chainId }, { blobs, all });
      if (!digest) {
        throw new GantryError("blob-corrupt", `The archive of layer ${chainId} is missing`, {
          hint: "Pull the image again",
        });
      }
      const mediaType = types.get(digest) ?? (await sniffedType(digest, blobs));
      return { mediaType, digest, size: await blobs.sizeBytes(digest) };
    }),
  );
  const config = { mediaType: mediaTypes.ociConfig, digest: image.id, size: await blobs.sizeBytes(image.id) };
  const manifestText = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
  const isUnchanged = layers.every(({ digest }, at) => digest === image.layers[at]) && blobs.has(image.manifest);
  const text = isUnchanged ? (await blobs.read(image.manifest)).toString() : manifestText;
  const digest = isUnchanged ? image.manifest : await blobs.write(manifestText);
  const mediaType = mediaTypeOf(text);
  return { config, layers, manifest: { mediaType, digest, size: Buffer.byteLength(text) }, manifestText: text };
}

/**
 * The image by the manifest that it was pulled with, whose layers' blobs need not be stored: a layer that was unpacked
 * already was not fetched. Undefined when `portableImage` has that manifest anyway, or it is gone.
 */
export async function originalImage(
  image: Image,
  { portable, blobs }: { portable: PortableImage; blobs: BlobStore },
): Promise<PortableImage | undefined> {
  if (portable.manifest.digest === image.manifest || !blobs.has(image.manifest)) return undefined;
  const manifestText = (await blobs.read(image.manifest)).toString();
  const parsed = parseManifest(manifestText);
  if (parsed.kind !== "image") return undefined;
  const layers = parsed.layers.map(({ mediaType, digest, sizeBytes }) => ({ mediaType, digest, size: sizeBytes }));
  const size = Buffer.byteLength(manifestText);
  const manifest = { mediaType: mediaTypeOf(manifestText), digest: image.manifest, size };
  return { config: portable.config, layers, manifest, manifestText };
}

/** Newest first; sizes are those of the unpacked layers. */
export async function historyOf(
  image: Image,
  { blobs, layers, tags }: { blobs: BlobStore; layers: LayerStore; tags: readonly string[] },
): Promise<ImageHistoryItem[]> {
  const parsed: unknown = JSON.parse((await blobs.read(image.id)).toString());
  const steps = isRecord(parsed) && Array.isArray(parsed.history) ? parsed.history.filter(isRecord) : [];
  const sizes = image.chainIds.map((chainId) => layers.layer(chainId)?.sizeBytes ?? 0);
  const textOf = (value: unknown) => (typeof value === "string" ? value : "");
  const items = steps.map((step): ImageHistoryItem => {
    const created = Date.parse(textOf(step.created));
    return {
      Id: "<missing>",
      Created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
      CreatedBy: textOf(step.created_by),
      Tags: null,
      Size: step.empty_layer === true ? 0 : (sizes.shift() ?? 0),
      Comment: textOf(step.comment),
    };
  });
  // Layers without history are told too: every byte has its line.
  for (const Size of sizes) items.push({ Id: "<missing>", Created: 0, CreatedBy: "", Tags: null, Size, Comment: "" });
  items.reverse();
  const [newest, ...older] = items;
  return newest ? [{ ...newest, Id: image.id, Tags: tags.length > 0 ? [...tags] : null }, ...older] : [];
}

/** A layer's own blob, else that of an image whose layer is the same once unpacked; undefined when none is stored. */
export function storedBlob(
  { digest: own, chainId }: { digest: Digest | undefined; chainId: ChainId },
  { blobs, all }: { blobs: BlobStore; all: readonly Image[] },
): Digest | undefined {
  if (own && blobs.has(own)) return own;
  return all
    .flatMap(({ layers, stored = [], chainIds }) => {
      const at = chainIds.indexOf(chainId);
      return [layers[at], stored[at]];
    })
    .find((digest) => digest !== undefined && blobs.has(digest));
}

async function layerTypes(image: Image, blobs: BlobStore): Promise<Map<string, string>> {
  if (!blobs.has(image.manifest)) return new Map();
  const parsed: unknown = JSON.parse((await blobs.read(image.manifest)).toString());
  const layers = isRecord(parsed) && Array.isArray(parsed.layers) ? parsed.layers.filter(isRecord) : [];
  return new Map(layers.map(({ digest, mediaType }) => [String(digest), String(mediaType)]));
}

async function sniffedType(digest: Digest, blobs: BlobStore): Promise<string> {
  const start = await blobs.start(digest);
  if (start[0] === 0x1f && start[1] === 0x8b) return mediaTypes.ociLayerGzip;
  return isZstd(start) ? mediaTypes.ociLayerZstd : mediaTypes.ociLayer;
}

function mediaTypeOf(manifest: string): string {
  const parsed: unknown = JSON.parse(manifest);
  const type = isRecord(parsed) ? parsed.mediaType : undefined;
  return typeof type === "string" ? type : mediaTypes.ociManifest;
}
