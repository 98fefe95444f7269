/** Content digests by the OCI image specification, and the identity of a stack of layers. Pure. */
import { createHash } from "node:crypto";

/** `sha256:` and 64 hex digits: the hash of bytes as they are stored or sent. */
export type Digest = `sha256:${string}`;
/** The digest of a layer's uncompressed tar. */
export type DiffId = Digest;
/** The digest that names a stack of layers: what lies below, and the uppermost one. */
export type ChainId = Digest;

const form = /^sha256:[0-9a-f]{64}$/;

/** True for a digest that this engine can check. Other algorithms are not supported. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && form.test(text);
}

/** The 64 hex digits. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/**
 * One chain id for each layer, lowest first.
 *
 * @see OCI image specification, "Layer ChainID": the first is the diff id, then the hash of "parent SPACE diffId"
 */
export function chainIdsOf(diffIds: readonly DiffId[]): ChainId[] {
  const chainIds: ChainId[] = [];
  for (const diffId of diffIds) {
    const parent = chainIds.at(-1);
    chainIds.push(parent ? digestOf(`${parent} ${diffId}`) : diffId);
  }
  return chainIds;
}
