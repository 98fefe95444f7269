/**
 * The tar that `load` reads: an OCI image layout and Docker's own `manifest.json` over the same blobs.
 *
 * Touches the world: reads blobs. See OCI image specification, "Image Layout".
 */
import { createReadStream } from "node:fs";
import { type Digest, hexOf } from "../../../oci/digest.js";
import { mediaTypes } from "../../../oci/manifest.js";
import { canonicalReference, familiarReference, type ImageReference } from "../../../oci/reference.js";
import { encodeEntry, endOfArchive, paddingOf } from "../../layers/trees/tar-encode.js";
import type { BlobStore } from "../blob-store.js";
import type { PortableImage } from "./image-layers.js";

export interface SavedImage {
  readonly image: PortableImage;
  /** Tags only; none for an image that was asked for by its id. */
  readonly tags: readonly ImageReference[];
}

/** Each blob once, whatever the number of images that have it. */
export async function* saveImages(images: readonly SavedImage[], blobs: BlobStore): AsyncGenerator<Uint8Array, void> {
  for (const name of ["blobs/", "blobs/sha256/"]) yield header(name, 0);
  const written = new Set<Digest>();
  for (const { image } of images) {
    for (const { digest, size } of [...image.layers, image.config, image.manifest]) {
      if (written.has(digest)) continue;
      written.add(digest);
      yield header(blobName(digest), size);
      yield* createReadStream(blobs.path(digest), { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>;
      yield paddingOf(size);
    }
  }
  yield* text("oci-layout", { imageLayoutVersion: "1.0.0" });
  yield* text("index.json", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: images.flatMap(indexed) });
  yield* text("manifest.json", images.map(dockerEntry));
  yield endOfArchive;
}

function indexed({ image, tags }: SavedImage): object[] {
  const { mediaType, digest, size } = image.manifest;
  if (tags.length === 0) return [{ mediaType, digest, size }];
  return tags.map((tag) => ({
    ...{ mediaType, digest, size },
    annotations: {
      "io.containerd.image.name": canonicalReference(tag),
      "org.opencontainers.image.ref.name": tag.tag ?? "",
    },
  }));
}

function dockerEntry({ image, tags }: SavedImage): object {
  return {
    Config: blobName(image.config.digest),
    RepoTags: tags.length > 0 ? tags.map(familiarReference) : null,
    Layers: image.layers.map(({ digest }) => blobName(digest)),
  };
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function* text(name: string, value: unknown): Generator<Buffer> {
  const content = Buffer.from(JSON.stringify(value));
  yield Buffer.concat([header(name, content.length), content, paddingOf(content.length)]);
}

function header(name: string, sizeBytes: number): Buffer {
  const isDirectory = name.endsWith("/");
  return encodeEntry({
    ...{ type: isDirectory ? "directory" : "file", name, linkName: "", mode: isDirectory ? 0o755 : 0o644 },
    ...{ uid: 0, gid: 0, sizeBytes, modifiedNanos: 0n, device: { major: 0, minor: 0 } },
    xattrs: new Map(),
  });
}
