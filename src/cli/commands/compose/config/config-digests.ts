/** `config --resolve-image-digests` and `--lock-image-digests`: asks the registries, through the engine. */
import { GantryError } from "../../../../base/errors.js";
import {
  imagesOnly,
  imagesToPin,
  pinImages,
  servicesWithHookImages,
} from "../../../../compose/canonical/pin-images.js";
import { type Digest, isDigest } from "../../../../oci/digest.js";
import type { CliContext } from "../../../context.js";

/** The printed model with its images pinned; with `lock` an override file of images alone. */
export async function withDigests(
  context: CliContext,
  model: Readonly<Record<string, unknown>>,
  { lock }: { lock: boolean },
): Promise<Readonly<Record<string, unknown>>> {
  const names = imagesToPin(model);
  const digests = new Map<string, Digest>();
  if (names.length > 0) {
    const client = await context.connect();
    const { signal } = context;
    const found = await Promise.all(names.map((name) => client.images.remoteDigest(name, { signal })));
    for (const [at, digest] of found.entries()) {
      const name = names[at] ?? "";
      if (!isDigest(digest)) throw new GantryError("registry-failed", `${name} has no digest in its registry`);
      digests.set(name, digest);
    }
  }
  const pinned = pinImages(model, digests);
  if (!lock) return pinned;
  for (const service of servicesWithHookImages(model)) {
    context.stderr.write(`warning: the images of ${service}'s pre_start hooks cannot be locked by an override file\n`);
  }
  return imagesOnly(pinned);
}
