/** Normalises `x-gantry` of a service. Pure. */
import type { ServiceExtension } from "../../extension.js";
import { child, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readDuration } from "../read.js";

/** Undefined where the service says nothing to Gantry. */
export function normalizeServiceExtension(node: Tree | undefined, context: Context): ServiceExtension | undefined {
  if (node?.kind !== "map") return undefined;
  return compact({ drain: readDuration(child(node, "drain"), context) });
}
