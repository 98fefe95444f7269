/** Normalises `x-gantry` of a top-level volume. Pure. */
import type { VolumeExtension } from "../../extension.js";
import { child, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readFlag } from "../read.js";

/** Undefined where the volume says nothing to Gantry. */
export function normalizeVolumeExtension(node: Tree | undefined, context: Context): VolumeExtension | undefined {
  if (node?.kind !== "map") return undefined;
  return compact({ shared: readFlag(child(node, "shared"), context) });
}
