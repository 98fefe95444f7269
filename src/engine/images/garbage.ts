/** What of blobs and layers nothing needs any more, and its removal. Touches the world. */
import { stat } from "node:fs/promises";
import type { ChainId, Digest } from "../../oci/digest.js";
import type { LayerStore } from "../layers/layer-store.js";
import type { BlobStore } from "./blob-store.js";
import type { Image } from "./image-index.js";
import type { KeptContent } from "./portable/build-images.js";
import type { PendingPulls } from "./pull/pending-pulls.js";

export interface GarbageRooms {
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly pending: PendingPulls;
  /** Images that are there; one without names stays until it is removed or pruned: people find it in the list. */
  readonly images: () => readonly Image[];
  /** What others than images need. */
  readonly kept: () => readonly KeptContent[];
}

export interface Needed {
  readonly blobs: ReadonlySet<string>;
  readonly chains: ReadonlySet<string>;
}

/** What images, builds and unfinished pulls stand on. */
export function neededContent({ images, kept, pending }: GarbageRooms): Needed {
  const all = images();
  const others = kept();
  const wanted = pending.wanted();
  const ofImages = all.flatMap(({ id, manifest, layers, stored = [] }) => [id, manifest, ...layers, ...stored]);
  return {
    blobs: new Set<string>([...ofImages, ...wanted.digests, ...others.flatMap(({ digests }) => [...digests])]),
    chains: new Set<string>([
      ...all.flatMap(({ chainIds }) => chainIds),
      ...wanted.chainIds,
      ...others.flatMap(({ chainIds }) => [...chainIds]),
    ]),
  };
}

export interface Garbage {
  readonly chains: readonly ChainId[];
  readonly blobs: readonly Digest[];
  readonly sizeBytes: number;
}

/** `keep` are digests of blobs that stay though no image needs them; a layer under a container stays too. */
export async function findGarbage(rooms: GarbageRooms, keep: ReadonlySet<string>): Promise<Garbage> {
  const { blobs, layers } = rooms;
  const needed = neededContent(rooms);
  const idle = layers.layers().filter(({ chainId }) => !needed.chains.has(chainId) && !layers.isLayerInUse(chainId));
  const loose = (await blobs.list()).filter((digest) => !needed.blobs.has(digest) && !keep.has(digest));
  const sizes = await Promise.all(
    loose.map(async (digest) => (await stat(blobs.path(digest)).catch(() => null))?.size),
  );
  return {
    chains: idle.map(({ chainId }) => chainId),
    blobs: loose,
    sizeBytes: [...idle.map(({ sizeBytes }) => sizeBytes), ...sizes].reduce<number>(
      (sum, size) => sum + (size ?? 0),
      0,
    ),
  };
}

/**
 * Removes it, and downloads that nobody wants any more. Returns the bytes that were freed.
 *
 * In the order layers, blobs, downloads: a crash leaves less garbage and nothing damaged.
 */
export async function removeGarbage(
  rooms: GarbageRooms,
  { keep, forgetPending }: { keep: ReadonlySet<string>; forgetPending: boolean },
): Promise<number> {
  const { blobs, layers, pending } = rooms;
  await pending.expire({ all: forgetPending });
  const { chains, blobs: loose, sizeBytes } = await findGarbage(rooms, keep);
  for (const chainId of chains) await removeLayer(layers, chainId);
  for (const digest of loose) await blobs.remove(digest);
  const wanted = new Set<Digest>(pending.wanted().digests);
  return sizeBytes + (await blobs.removePartials((digest) => wanted.has(digest)));
}

/** False for a layer that a container stands on: it goes with the garbage after the container. */
export async function removeLayer(layers: LayerStore, chainId: ChainId): Promise<boolean> {
  if (layers.isLayerInUse(chainId)) return false;
  await layers.removeLayer(chainId);
  return true;
}
