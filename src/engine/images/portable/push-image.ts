/** Pushes one image: its layers side by side, its configuration, then the manifest that names them. */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Digest } from "../../../oci/digest.js";
import { familiarName, type ImageReference } from "../../../oci/reference.js";
import { shortId } from "../../../oci/short-id.js";
import type { PushOutcome, RegistryPusher } from "../../../registry/push/registry-pusher.js";
import type { RegistryCall } from "../../../registry/registry-client.js";
import type { ProgressMessage } from "../../../wire/image.js";
import type { BlobStore } from "../blob-store.js";
import { limiter } from "../limiter.js";
import type { BlobDescriptor, PortableImage } from "./image-layers.js";

export interface PushRooms {
  readonly pusher: RegistryPusher;
  readonly blobs: BlobStore;
  /** Paths of other repositories of that registry that have the blob, as far as is known. */
  readonly repositoriesOf: (digest: Digest) => readonly string[];
  /** Stores the blob of a layer of the image, from where it came; or says why that cannot be. */
  readonly fetchOriginal: (
    layer: { readonly layer: BlobDescriptor; readonly at: number },
    tell: Tell,
  ) => Promise<"fetched" | readonly string[]>;
}

type Tell = (message: ProgressMessage) => void;

const parallelUploads = 4;
/** Progress is for people: ten times a second is as much as one can read. */
const progressStepBytes = 1024 * 1024;

/**
 * The image as it is to be sent: by its original manifest where every blob that is not stored here is in the registry,
 * or in another repository of it, or can be fetched from where it came, so that the image's digest stays what it was.
 * Where that cannot be, it is told, and the image goes by a manifest of what is stored.
 */
export async function imageFor(
  {
    portable,
    original,
    reference,
  }: { portable: PortableImage; original: PortableImage | undefined; reference: ImageReference },
  { pusher, blobs, repositoriesOf, fetchOriginal }: PushRooms,
  { tell, ...call }: RegistryCall & { tell: Tell },
): Promise<PortableImage> {
  for (const [at, layer] of (original?.layers ?? []).entries()) {
    const { digest } = layer;
    if (blobs.has(digest)) continue;
    if (await pusher.findBlob(reference, { digest }, { ...call, from: repositoriesOf(digest) })) continue;
    const fetched = await fetchOriginal({ layer, at }, tell);
    if (fetched === "fetched") continue;
    tell({ status: `The image gets another digest: layer ${shortId(digest)} is not stored as it was compressed` });
    for (const why of fetched) tell({ status: `  ${why}` });
    return portable;
  }
  return original ?? portable;
}

/** `reference` has a tag. Tells in Docker's words. Throws "registry-…". */
export async function pushImage(
  { image, reference }: { image: PortableImage; reference: ImageReference },
  rooms: Omit<PushRooms, "fetchOriginal">,
  { tell, ...call }: RegistryCall & { tell: Tell },
): Promise<void> {
  const limit = limiter(parallelUploads);
  const layers = [...new Map(image.layers.map((layer) => [layer.digest, layer])).values()];
  for (const { digest } of layers) tell({ status: "Preparing", id: shortId(digest), progressDetail: {} });
  const upload = async (blob: BlobDescriptor, onBytes: (current: number) => void) =>
    rooms.pusher.pushBlob(
      reference,
      {
        digest: blob.digest,
        sizeBytes: blob.size,
        open: ({ from, to }) => readPart(rooms.blobs.path(blob.digest), { from, to }),
      },
      { ...call, onBytes, from: rooms.repositoriesOf(blob.digest) },
    );
  await Promise.all(
    layers.map((layer) =>
      limit(async () => {
        const id = shortId(layer.digest);
        let told = 0;
        const outcome = await upload(layer, (current) => {
          if (current - told < progressStepBytes && current < layer.size) return;
          told = current;
          tell({ status: "Pushing", id, progressDetail: { current, total: layer.size } });
        });
        tell({ status: wordsFor(outcome), id, progressDetail: {} });
      }),
    ),
  );
  await upload(image.config, () => {});
  const { mediaType, digest, size } = image.manifest;
  await rooms.pusher.pushManifest(reference, { mediaType, text: image.manifestText }, call);
  const tag = reference.tag ?? "";
  tell({ status: `${tag}: digest: ${digest} size: ${size}` });
  tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
}

/** The end of a stream's range is its last byte, so that an empty one cannot be asked for. */
function readPart(path: string, { from, to }: { from: number; to: number }): Readable {
  if (to <= from) return Readable.from([]);
  return createReadStream(path, { start: from, end: to - 1, highWaterMark: 256 * 1024 });
}

/** Docker's own, which its clients show. */
function wordsFor(outcome: PushOutcome): string {
  if (outcome.kind === "mounted") return `Mounted from ${outcome.from}`;
  return outcome.kind === "exists" ? "Layer already exists" : "Pushed";
}

/** What to call the image that is not here, in Docker's words. */
export function missingTagText(reference: ImageReference): string {
  return `An image does not exist locally with the tag: ${familiarName(reference)}`;
}
