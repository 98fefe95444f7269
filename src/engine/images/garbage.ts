/** What of blobs and layers nothing needs any more. Touches the world, and only reads. */
import { stat } from "node:fs/promises";
import type { ChainId, Digest } from "../../oci/digest.js";
import type { LayerStore } from "../layers/layer-store.js";
import type { BlobStore } from "./blob-store.js";
import type { Image } from "./image-index.js";
import type { KeptContent } from "./portable/build-images.js";

export interface Needed {
  readonly blobs: ReadonlySet<string>;
  readonly chains: ReadonlySet<string>;
}

/** What images and builds stand on. */
export function neededBy(images: readonly Image[], builds: readonly KeptContent[]): Needed {
  return {
    blobs: new Set([
      ...images.flatMap(({ id, manifest, layers }) => [id, manifest, ...layers]),
      ...builds.flatMap(({ digests }) => [...digests]),
    ]),
    chains: new Set([
      ...images.flatMap(({ chainIds }) => chainIds),
      ...builds.flatMap(({ chainIds }) => [...chainIds]),
    ]),
  };
}

export interface Garbage {
  readonly chains: readonly ChainId[];
  readonly blobs: readonly Digest[];
  readonly sizeBytes: number;
}

/** `keep` are digests of blobs that stay though no image needs them; a layer under a container stays too. */
export async function findGarbage(
  { blobs, layers }: { blobs: BlobStore; layers: LayerStore },
  needed: Needed,
  keep: ReadonlySet<string>,
): Promise<Garbage> {
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
