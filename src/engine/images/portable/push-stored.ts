/** Pushes an image of the store, and knows from where what is missing of it can be had. Touches the world. */
import type { Digest } from "../../../oci/digest.js";
import type { ImageReference } from "../../../oci/reference.js";
import { shortId } from "../../../oci/short-id.js";
import type { Credentials } from "../../../registry/auth/authorizer.js";
import type { RegistryCall, RegistryClient } from "../../../registry/registry-client.js";
import type { ProgressMessage } from "../../../wire/image.js";
import type { LayerStore } from "../../layers/layer-store.js";
import type { BlobStore } from "../blob-store.js";
import type { Image, ImageIndex } from "../image-index.js";
import type { KeyedLock } from "../keyed-lock.js";
import { fetchOriginal } from "./fetch-original.js";
import { originalImage, portableImage } from "./image-layers.js";
import { imageFor, type PushRooms, pushImage } from "./push-image.js";

export interface StoredPushRooms {
  readonly registry: RegistryClient;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly index: ImageIndex;
  readonly locks: KeyedLock;
}

export interface StoredPushCall extends RegistryCall {
  readonly tell: (message: ProgressMessage) => void;
  /** Of the registries that the image may have come from. */
  readonly credentialsFor: (domain: string) => Credentials | undefined;
}

/** Returns the digest of the manifest that was sent. `reference` has a tag. Throws "registry-…". */
export async function pushStored(
  image: Image,
  reference: ImageReference,
  { rooms, call }: { rooms: StoredPushRooms; call: StoredPushCall },
): Promise<Digest> {
  const { blobs, index, registry } = rooms;
  const portable = await portableImage(image, { blobs, all: index.all() });
  const original = await originalImage(image, { portable, blobs });
  const pushing = {
    ...{ pusher: registry.pusher, blobs },
    repositoriesOf: (digest: Digest) => repositoriesOf(digest, reference, index),
    fetchOriginal: originalsOf(image, rooms, call),
  };
  const sent = await imageFor({ portable, original, reference }, pushing, call);
  await pushImage({ image: sent, reference }, pushing, call);
  return sent.manifest.digest;
}

function originalsOf(
  image: Image,
  rooms: StoredPushRooms,
  { signal, credentialsFor }: StoredPushCall,
): PushRooms["fetchOriginal"] {
  return ({ layer, at }, tell) => {
    const diffId = image.config.diffIds[at];
    if (!diffId) throw new Error("A layer of a manifest has a diff id");
    const id = shortId(layer.digest);
    const onBytes = (current: number, { domain, path }: ImageReference) => {
      tell({ status: `Downloading from ${domain}/${path}`, id, progressDetail: { current, total: layer.size } });
    };
    const call = { sources: holdersOf(layer.digest, rooms.index), credentialsFor, signal, onBytes };
    return rooms.locks.run(layer.digest, () => fetchOriginal({ ...layer, diffId }, rooms, call));
  };
}

/** Other repositories of the same registry whose images have that blob. */
function repositoriesOf(digest: Digest, { domain, path }: ImageReference, index: ImageIndex): string[] {
  const others = holdersOf(digest, index).filter((name) => name.domain === domain && name.path !== path);
  return others.map((name) => name.path);
}

/**
 * Repositories that an image with that blob was pulled from or pushed to: a digest is known of such alone. Those that
 * gave the very manifest come first: an image may have come by several, each with other blobs.
 */
function holdersOf(blob: Digest, index: ImageIndex): ImageReference[] {
  const holders = index.all().filter(({ layers }) => layers.includes(blob));
  const manifests = new Set<Digest | undefined>(holders.map(({ manifest }) => manifest));
  const names = holders
    .flatMap(({ id }) => index.namesOf(id))
    .filter(({ digest }) => digest)
    .sort((a, b) => Number(manifests.has(b.digest)) - Number(manifests.has(a.digest)));
  return [...new Map(names.map(({ domain, path }) => [`${domain}/${path}`, { domain, path }])).values()];
}
