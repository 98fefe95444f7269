/**
 * Fetches the blob that a layer was compressed to where it came from, when only its content is stored here.
 *
 * Touches the world. A pull leaves out what is unpacked already, by another image; a push to another registry needs the
 * very blob all the same, if the image is to keep its digest.
 */
import { rm, stat } from "node:fs/promises";
import { isGantryError, messageOf } from "../../../base/errors.js";
import type { DiffId } from "../../../oci/digest.js";
import { familiarName, type ImageReference } from "../../../oci/reference.js";
import type { Credentials } from "../../../registry/auth/authorizer.js";
import type { RegistryClient } from "../../../registry/registry-client.js";
import type { LayerStore } from "../../layers/layer-store.js";
import type { BlobStore } from "../blob-store.js";
import type { BlobDescriptor } from "./image-layers.js";

export interface OriginalRooms {
  readonly registry: Pick<RegistryClient, "fetchBlob">;
  readonly blobs: BlobStore;
  readonly layers: Pick<LayerStore, "verify">;
}

export interface OriginalCall {
  /** Repositories of any registry whose images have that blob. */
  readonly sources: readonly ImageReference[];
  readonly credentialsFor: (domain: string) => Credentials | undefined;
  readonly signal: AbortSignal;
  readonly onBytes: (current: number, from: ImageReference) => void;
}

/** More are not tried: each may cost a request that nobody answers. */
const maxSources = 5;

/** "fetched": the blob is stored, both of its digests checked. Else what the repositories said, each in one line. */
export async function fetchOriginal(
  layer: BlobDescriptor & { readonly diffId: DiffId },
  { registry, blobs, layers }: OriginalRooms,
  { sources, credentialsFor, signal, onBytes }: OriginalCall,
): Promise<"fetched" | readonly string[]> {
  const { digest, diffId, mediaType, size: sizeBytes } = layer;
  const path = blobs.partialPath(digest);
  const failures: string[] = [];
  const silent = new Set<string>();
  for (const source of sources.slice(0, maxSources)) {
    if (silent.has(source.domain)) continue;
    const credentials = credentialsFor(source.domain);
    try {
      const call = { signal, path, ...(credentials ? { credentials } : {}) };
      const told = (current: number) => onBytes(current, source);
      await registry.fetchBlob(source, { mediaType, digest, sizeBytes }, { ...call, onBytes: told });
      await layers.verify(path, { expected: { digest, diffId }, signal });
      await blobs.adopt(path, digest);
      return "fetched";
    } catch (error) {
      signal.throwIfAborted();
      if (isGantryError(error, "registry-unreachable")) silent.add(source.domain);
      if (await isWhole(path, sizeBytes)) await rm(path, { force: true }); // damaged: it must not be gone on with
      failures.push(`${familiarName(source)}: ${messageOf(error)}`);
    }
  }
  return failures.length > 0 ? failures : ["no repository is known that has it"];
}

function isWhole(path: string, sizeBytes: number): Promise<boolean> {
  return stat(path).then(
    ({ size }) => size >= sizeBytes,
    () => false,
  );
}
