/** What a registry's manifest says of itself, as `GET /distribution/…/json` tells it. Does not touch the world. */
import { isRecord } from "../../../base/json.js";
import type { Digest } from "../../../oci/digest.js";
import { mediaTypes, parseManifest } from "../../../oci/manifest.js";
import type { DistributionInspect } from "../../../wire/image.js";

/** Platforms are those of an index; a single image's are in its configuration, which is not fetched for this. */
export function describeRemote({ digest, text }: { digest: Digest; text: string }): DistributionInspect {
  const parsed = parseManifest(text);
  const platforms = parsed.kind === "index" ? parsed.manifests.flatMap(({ platform }) => platform ?? []) : [];
  const raw: unknown = JSON.parse(text);
  const stated = isRecord(raw) && typeof raw.mediaType === "string" ? raw.mediaType : undefined;
  const mediaType = stated ?? (parsed.kind === "index" ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  return {
    Descriptor: { mediaType, digest, size: Buffer.byteLength(text) },
    Platforms: platforms.map(({ architecture, os, variant }) => ({
      architecture,
      os,
      ...(variant ? { variant } : {}),
    })),
  };
}
