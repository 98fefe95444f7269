/** From a name in a registry to the manifest of one platform's image. Touches the world through the registry. */
import { GantryError } from "../../../base/errors.js";
import type { Digest } from "../../../oci/digest.js";
import type { ImageConfig } from "../../../oci/image-config.js";
import { chooseManifest, type ImageManifest, mediaTypes, parseManifest } from "../../../oci/manifest.js";
import { matchPlatform, type Platform, printPlatform } from "../../../oci/platform.js";
import { familiarReference, type ImageReference } from "../../../oci/reference.js";
import type { RegistryCall, RegistryClient } from "../../../registry/registry-client.js";

export interface ResolvedManifest {
  readonly digest: Digest;
  readonly text: string;
  readonly image: ImageManifest;
}

/** An index in an index is how some builders put their parts together; a chain of more is no image. */
const maxIndexes = 4;

/** `top` is what the name stands for. Throws "image-not-found" without that platform, "not-supported" for no image. */
export async function resolveManifest(
  top: { readonly digest: Digest; readonly text: string },
  { reference, platform, call }: { reference: ImageReference; platform: Platform; call: RegistryCall },
  registry: RegistryClient,
): Promise<ResolvedManifest> {
  let at = top;
  const name = familiarReference(reference);
  for (let indexes = 0; ; indexes += 1) {
    const parsed = parseManifest(at.text);
    if (parsed.kind === "image") {
      checkArtifact(parsed, name);
      return { ...at, image: parsed };
    }
    if (indexes === maxIndexes) throw new GantryError("registry-failed", `${name} is an index of indexes without end`);
    at = await registry.fetchManifest(reference, { ...call, digest: chooseManifest(parsed, platform, name).digest });
  }
}

/** Registries hold charts, signatures and more, which look like images from afar. */
function checkArtifact({ artifactType, config }: ImageManifest, name: string): void {
  const kind = artifactType ?? (isConfigOfImage(config.mediaType) ? undefined : config.mediaType);
  if (kind === undefined) return;
  throw new GantryError("not-supported", `${name} is not an image but an artifact of type ${kind}`, {
    hint: kind.includes("helm") ? "helm pull fetches it" : "The tool that put it there fetches it",
  });
}

function isConfigOfImage(mediaType: string): boolean {
  const known = ["", mediaTypes.ociConfig, mediaTypes.dockerConfig, "application/octet-stream"];
  return known.includes(mediaType) || mediaType.startsWith("application/json");
}

/** In Docker's words; undefined when the image is of the platform that was asked for. */
export function platformWarning(name: string, wanted: Platform, { os, architecture, variant }: ImageConfig) {
  const actual = { os, architecture, ...(variant ? { variant } : {}) };
  if (architecture === "" || matchPlatform(wanted, actual) !== undefined) return undefined;
  const platforms = `wanted ${printPlatform(wanted)}, actual: ${printPlatform(actual)}`;
  return `WARNING: image with reference ${name} was found but does not match the specified platform: ${platforms}`;
}
