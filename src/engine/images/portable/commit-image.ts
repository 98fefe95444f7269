/** Makes an image of another one and a layer above it. Touches the world. */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isRecord } from "../../../base/json.js";
import type { ChainId, DiffId, Digest } from "../../../oci/digest.js";
import { mediaTypes } from "../../../oci/manifest.js";
import type { ContainerConfig } from "../../../wire/container.js";
import type { LayerStore } from "../../layers/layer-store.js";
import type { BlobStore } from "../blob-store.js";
import type { Image, ImageRecord } from "../image-index.js";
import { ociType } from "./build-image.js";
import { type PortableImage, portableImage } from "./image-layers.js";

export interface CommitRequest {
  readonly config: ContainerConfig;
  readonly author: string;
  readonly comment: string;
  /** The command whose work the layer is, for the history. */
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly signal: AbortSignal;
}

/** The diff id of a tar without entries: as in Docker such a layer is left out. */
const emptyLayer = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/** The caller records the image. A failure leaves at most blobs and a layer that nothing names. */
export async function commitImage(
  parent: Image,
  layer: AsyncIterable<Uint8Array>,
  { request, blobs, layers, all }: { request: CommitRequest; blobs: BlobStore; layers: LayerStore; all: Image[] },
): Promise<ImageRecord> {
  const archive = blobs.partialPath(`import-${randomUUID()}`);
  try {
    const below = await portableImage(parent, { blobs, all });
    await pipeline(Readable.from(layer), createWriteStream(archive, { flags: "wx", mode: 0o600 }), {
      signal: request.signal,
    });
    const unpacked = await layers.unpack(archive, { expected: {}, signal: request.signal });
    const parentConfig: unknown = JSON.parse((await blobs.read(parent.id)).toString());
    if (unpacked.diffId === emptyLayer) {
      await layers.discard(unpacked);
      return await recordOf({ below, added: undefined, parent, parentConfig }, { request, blobs });
    }
    await blobs.adopt(archive, unpacked.digest);
    const { chainId, sizeBytes } = await layers.keepLayer(unpacked, parent.chainIds.at(-1));
    const descriptor = { mediaType: mediaTypes.ociLayer, digest: unpacked.digest, size: unpacked.archiveBytes };
    const added = { descriptor, diffId: unpacked.diffId, chainId, sizeBytes };
    return await recordOf({ below, added, parent, parentConfig }, { request, blobs });
  } finally {
    await rm(archive, { force: true });
  }
}

interface Committed {
  readonly below: PortableImage;
  readonly parent: Image;
  readonly parentConfig: unknown;
  /** Undefined when the container changed nothing: then only the configuration is new. */
  readonly added:
    | {
        descriptor: { mediaType: string; digest: Digest; size: number };
        diffId: DiffId;
        chainId: ChainId;
        sizeBytes: number;
      }
    | undefined;
}

/** Writes the configuration and the manifest. */
async function recordOf(
  { below, added, parent, parentConfig }: Committed,
  { request, blobs }: { request: CommitRequest; blobs: BlobStore },
): Promise<ImageRecord> {
  const id = await blobs.write(JSON.stringify(configOf(parentConfig, parent, { request, diffId: added?.diffId })));
  const descriptors = [
    ...below.layers.map((descriptor) => ({ ...descriptor, mediaType: ociType(descriptor.mediaType) })),
    ...(added ? [added.descriptor] : []),
  ];
  const config = { mediaType: mediaTypes.ociConfig, digest: id, size: await blobs.sizeBytes(id) };
  const manifest = await blobs.write(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: descriptors }),
  );
  return {
    id,
    manifest,
    layers: descriptors.map(({ digest }) => digest),
    chainIds: [...parent.chainIds, ...(added ? [added.chainId] : [])],
    sizeBytes: parent.sizeBytes + (added?.sizeBytes ?? 0),
    lastTaggedAt: request.createdAt.toISOString(),
  };
}

function configOf(
  parsed: unknown,
  parent: Image,
  { request, diffId }: { request: CommitRequest; diffId: string | undefined },
): Record<string, unknown> {
  const before = isRecord(parsed) ? parsed : {};
  const { architecture, os, variant } = before;
  const created = request.createdAt.toISOString();
  const { author, comment, createdBy } = request;
  const step = {
    ...{ created, created_by: createdBy },
    ...(author ? { author } : {}),
    ...(comment ? { comment } : {}),
    ...(diffId === undefined ? { empty_layer: true } : {}),
  };
  return {
    ...{ created, architecture, os },
    ...(variant ? { variant } : {}),
    ...(author ? { author } : {}),
    config: request.config,
    rootfs: { type: "layers", diff_ids: [...parent.config.diffIds, ...(diffId === undefined ? [] : [diffId])] },
    history: [...(Array.isArray(before.history) ? before.history : []), step],
  };
}
