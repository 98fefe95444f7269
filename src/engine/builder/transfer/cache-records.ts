/**
 * Steps of a build as an image carries them: a field of its configuration that no other engine reads.
 *
 * Pure. A record names its layer by its diff id; the layer itself is one of the image's.
 */
import { isRecord } from "../../../base/json.js";
import { type ChainId, isDigest } from "../../../oci/digest.js";
import type { LayerPart } from "../../images/images.js";
import type { CachedStep } from "../step-cache.js";

/** A step that a build used. `parent` is the chain that its layer stands on; undefined for one that stands alone. */
export interface UsedStep {
  readonly step: CachedStep;
  readonly parent?: ChainId;
}

/** The field's name. */
export const cacheField = "gantry.buildcache";
const version = 1;
/** More than the steps of any build; a configuration is read whole. */
const maxRecords = 5000;

/** Of steps in their order; those whose layer is not among `layers` are left out. */
export function encodeSteps(used: readonly UsedStep[], layers: readonly LayerPart[]): Record<string, unknown> {
  const known = new Set(layers.map(({ diffId }) => diffId));
  const seen = new Set<string>();
  const steps = used.flatMap(({ step, parent }) => {
    const { key, description, createdAt, sizeBytes, layer } = step;
    if (seen.has(key) || (layer && !known.has(layer.diffId))) return [];
    seen.add(key);
    const place = layer ? { layer: layer.diffId, chainId: layer.chainId, ...(parent ? { parent } : {}) } : {};
    return [{ key, description, createdAt, sizeBytes, ...place }];
  });
  return { [cacheField]: { version, steps } };
}

/** The steps of an image's configuration, each with its layer out of `layers`; what makes no sense is left out. */
export function decodeSteps(
  config: unknown,
  layers: readonly LayerPart[],
): Array<Omit<CachedStep, "lastUsedAt" | "uses">> {
  const field = isRecord(config) ? config[cacheField] : undefined;
  if (!isRecord(field) || field.version !== version || !Array.isArray(field.steps)) return [];
  const byDiffId = new Map<string, LayerPart>(layers.map((layer) => [layer.diffId, layer]));
  return field.steps.slice(0, maxRecords).flatMap((value: unknown) => {
    if (!isRecord(value)) return [];
    const { key, description, createdAt, sizeBytes, layer, chainId, parent } = value;
    if (typeof key !== "string" || !/^[0-9a-f]{64}$/.test(key) || typeof sizeBytes !== "number") return [];
    if (typeof description !== "string" || typeof createdAt !== "string") return [];
    const step = { key, description, createdAt, sizeBytes };
    if (layer === undefined) return [step];
    const part = typeof layer === "string" ? byDiffId.get(layer) : undefined;
    if (!part || !isDigest(chainId) || (parent !== undefined && !isDigest(parent))) return [];
    return [{ ...step, layer: { ...part, chainId }, ...(parent === undefined ? {} : { parent }) }];
  });
}
