/**
 * Image manifests and indexes, of OCI and of Docker, read and chosen from. Pure.
 *
 * @see OCI image specification, "Image Manifest" and "Image Index"; Docker's "Image Manifest V 2, Schema 2"
 */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import { printable } from "../base/printable.js";
import { type Digest, isDigest } from "./digest.js";
import { matchPlatform, type Platform, printPlatform } from "./platform.js";

export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

/** What a client that reads all of these sends as `Accept`. */
export const acceptedManifests: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Only in an index. */
  readonly platform?: Platform;
}

/** `layers` lowest first. */
export interface ImageManifest {
  readonly kind: "image";
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** What it is, when it is no image. */
  readonly artifactType?: string;
}

export interface ImageIndex {
  readonly kind: "index";
  readonly manifests: readonly Descriptor[];
}

/** More layers than any builder makes; also what overlay mounts are tested with. */
const maxLayers = 127;

/**
 * Decides by the content rather than by the media type, which mirrors get wrong. What is both an image and an index is
 * refused: readers would differ in what it is, behind one digest. Throws "registry-failed".
 */
export function parseManifest(text: string): ImageManifest | ImageIndex {
  const parsed = parseObject(text);
  if (parsed.schemaVersion !== 2) {
    throw new GantryError("registry-failed", "The image has a manifest of schema 1, which nobody serves any more", {
      hint: "Push it again with a current tool",
    });
  }
  if (Array.isArray(parsed.manifests) && (parsed.layers || parsed.config)) {
    throw new GantryError("registry-failed", "The manifest is both an image's and an index");
  }
  if (Array.isArray(parsed.manifests)) return { kind: "index", manifests: parsed.manifests.map(descriptor) };
  if (!Array.isArray(parsed.layers)) throw new GantryError("registry-failed", "The manifest is not an image's");
  if (parsed.layers.length > maxLayers) {
    throw new GantryError("registry-failed", `The image has ${parsed.layers.length} layers; ${maxLayers} are possible`);
  }
  const { artifactType } = parsed;
  return {
    kind: "image",
    config: descriptor(parsed.config),
    layers: parsed.layers.map(descriptor),
    ...(typeof artifactType === "string" && artifactType !== "" ? { artifactType } : {}),
  };
}

const maxNamed = 30;
/** An entry that does not say for what it is comes after all that do. */
const unstatedRank = 1000;

/** The best manifest of an index for a platform. Throws "image-not-found" with Docker's text when there is none. */
export function chooseManifest({ manifests }: ImageIndex, wanted: Platform, imageName: string): Descriptor {
  const ranked = manifests
    .map((manifest) => ({ manifest, rank: rankOf(manifest, wanted) }))
    .filter((entry): entry is { manifest: Descriptor; rank: number } => entry.rank !== undefined)
    .sort((a, b) => a.rank - b.rank);
  const best = ranked[0]?.manifest;
  if (best) return best;
  const offered = manifests.flatMap(({ platform }) => (platform && platform.os !== "unknown" ? [platform] : []));
  throw new GantryError(
    "image-not-found",
    `no matching manifest for ${printPlatform(wanted)} in the manifest list entries of ${imageName}`,
    offered.length > 0 ? { hint: `It is there for ${namesOf(offered)}` } : {},
  );
}

/** Anybody writes an index: as much as a person reads, and nothing that a terminal would obey. */
function namesOf(platforms: readonly Platform[]): string {
  const names = [...new Set(platforms.map(printPlatform).map(printable))];
  const more = names.length > maxNamed ? [`${names.length - maxNamed} more`] : [];
  return [...names.slice(0, maxNamed), ...more].join(", ");
}

function rankOf({ platform, mediaType }: Descriptor, wanted: Platform): number | undefined {
  if (platform && (platform.os !== "" || platform.architecture !== "")) return matchPlatform(wanted, platform);
  const manifestTypes: readonly string[] = acceptedManifests;
  return manifestTypes.includes(mediaType) ? unstatedRank : undefined;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch {}
  throw new GantryError("registry-failed", "The manifest is not JSON");
}

function descriptor(value: unknown): Descriptor {
  const size = isRecord(value) && Number.isSafeInteger(value.size) ? Number(value.size) : -1;
  if (!isRecord(value) || !isDigest(value.digest) || size < 0) {
    throw new GantryError("registry-failed", "The manifest names a blob without digest or size");
  }
  const { mediaType, digest, platform } = value;
  return {
    mediaType: typeof mediaType === "string" ? mediaType : "",
    digest,
    sizeBytes: size,
    ...(isRecord(platform) ? { platform: platformOf(platform) } : {}),
  };
}

function platformOf({ os, architecture, variant }: Record<string, unknown>): Platform {
  return {
    os: typeof os === "string" ? os : "",
    architecture: typeof architecture === "string" ? architecture : "",
    ...(typeof variant === "string" && variant !== "" ? { variant } : {}),
  };
}
