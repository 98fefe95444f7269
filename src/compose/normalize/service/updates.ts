/** Normalises `deploy.update_config` and `deploy.rollback_config`. Pure. */
import { child, type Tree } from "../../tree.js";
import type { UpdateSpec } from "../../update-spec.js";
import type { Context } from "../context.js";
import { compact, readDecimal, readDuration, readInteger, readText } from "../read.js";

const orders = ["start-first", "stop-first"] as const;
const actions: Readonly<Record<"update_config" | "rollback_config", readonly string[]>> = {
  update_config: ["pause", "continue", "rollback"],
  rollback_config: ["pause", "continue"],
};

/** Undefined where the service has none, or an empty one. */
export function normalizeUpdate(
  service: Tree,
  which: "update_config" | "rollback_config",
  context: Context,
): UpdateSpec | undefined {
  const node = child(child(service, "deploy"), which);
  if (node?.kind !== "map") return undefined;
  const at = (key: string) => child(node, key);
  return compact({
    order: orders.find((order) => order === readText(at("order"))),
    parallelism: readInteger(at("parallelism"), context, { min: 0 }),
    delay: readDuration(at("delay"), context),
    monitor: readDuration(at("monitor"), context),
    failure_action: readAction(at("failure_action"), { which, context }),
    max_failure_ratio: readDecimal(at("max_failure_ratio"), context),
  });
}

/** Docker Compose takes any word, and then nothing acts on it. */
function readAction(
  node: Tree | undefined,
  { which, context }: { which: keyof typeof actions; context: Context },
): UpdateSpec["failure_action"] {
  const text = readText(node);
  if (!node || !text) return undefined;
  if (actions[which].includes(text)) return text as UpdateSpec["failure_action"]; // it is one of these words
  const known = actions[which].join(", ");
  context.report.warn(node, "no-effect", `deploy.${which}.failure_action "${text}" is none of ${known}: it pauses`);
  return undefined;
}
