/**
 * What a build starts from and what it ends in: an image taken apart, and one put together of layers that are stored.
 *
 * Touches the world through the blobs.
 */
import { isRecord } from "../../../base/json.js";
import type { ChainId, DiffId, Digest } from "../../../oci/digest.js";
import { mediaTypes } from "../../../oci/manifest.js";
import type { ContainerConfig } from "../../../wire/container.js";
import type { LayerStore } from "../../layers/layer-store.js";
import type { BlobStore } from "../blob-store.js";
import { imageDefaults } from "../image-defaults.js";
import type { Image, ImageRecord } from "../image-index.js";
import { type BlobDescriptor, portableImage } from "./image-layers.js";

/** A layer that is unpacked and whose archive is stored. */
export interface LayerPart extends BlobDescriptor {
  readonly chainId: ChainId;
  readonly diffId: DiffId;
}

/** One step of an image's making. `created` is RFC 3339. */
export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** `layers` and `history` are lowest and oldest first. */
export interface ImageParts {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly author?: string;
  readonly created: string;
  readonly config: ContainerConfig;
  readonly history: readonly HistoryEntry[];
  readonly layers: readonly LayerPart[];
  /** Fields of the configuration that no specification knows. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Throws "blob-corrupt" when the archive of a layer is nowhere. */
export async function takeApart(
  image: Image,
  { blobs, all }: { blobs: BlobStore; all: readonly Image[] },
): Promise<ImageParts> {
  const { layers } = await portableImage(image, { blobs, all });
  const parsed: unknown = JSON.parse((await blobs.read(image.id)).toString());
  const history = isRecord(parsed) && Array.isArray(parsed.history) ? parsed.history.filter(isRecord) : [];
  const { os, architecture, variant, author, created, config, diffIds } = image.config;
  return {
    ...{ os, architecture, created },
    ...(variant ? { variant } : {}),
    ...(author ? { author } : {}),
    config: imageDefaults(config),
    history,
    layers: image.chainIds.flatMap((chainId, at) => {
      const layer = layers[at];
      const diffId = diffIds[at];
      return layer && diffId ? [{ ...layer, mediaType: ociType(layer.mediaType), chainId, diffId }] : [];
    }),
  };
}

/** The text of the image's configuration; its digest is the image's id. Equal parts give equal texts. */
export function configText({ layers, config, history, created, ...parts }: ImageParts): string {
  const { os, architecture, variant, author, extra } = parts;
  return JSON.stringify({
    ...{ created, architecture, os },
    ...(variant ? { variant } : {}),
    ...(author ? { author } : {}),
    config: sorted(config),
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history,
    ...extra,
  });
}

/** The caller records the image. */
export async function putTogether(
  parts: ImageParts,
  { blobs, layers }: { blobs: BlobStore; layers: LayerStore },
): Promise<ImageRecord> {
  const id = await blobs.write(configText(parts));
  const config = { mediaType: mediaTypes.ociConfig, digest: id, size: await blobs.sizeBytes(id) };
  const descriptors = parts.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  const manifest = await blobs.write(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: descriptors }),
  );
  const sizes = parts.layers.map(({ chainId }) => layers.layer(chainId)?.sizeBytes ?? 0);
  return {
    ...{ id, manifest },
    layers: parts.layers.map(({ digest }): Digest => digest),
    chainIds: parts.layers.map(({ chainId }) => chainId),
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    lastTaggedAt: parts.created,
  };
}

/** Keys in one order, and nothing that is unset: what the text is must not depend on how the value came about. */
function sorted(config: ContainerConfig): Record<string, unknown> {
  const set = Object.entries(config).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const ordered = (value: unknown): unknown =>
    isRecord(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(byKey)
            .map(([k, v]) => [k, ordered(v)]),
        )
      : value;
  return Object.fromEntries(set.sort(byKey).map(([key, value]) => [key, ordered(value)]));
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** Docker's layer types, in the words of a manifest that is OCI's. */
export function ociType(mediaType: string): string {
  if (!mediaType.startsWith("application/vnd.docker.")) return mediaType;
  if (mediaType.endsWith("gzip")) return mediaTypes.ociLayerGzip;
  return mediaType.endsWith("zstd") ? mediaTypes.ociLayerZstd : mediaTypes.ociLayer;
}
