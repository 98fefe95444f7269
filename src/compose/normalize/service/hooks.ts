/** Normalises hooks, providers and models: what a service has run beside its own process. Pure. */
import type { HookSpec, ModelSpec, ProviderSpec, Service } from "../../project.js";
import { child, itemsOf, membersOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readFlag, readInteger, readMembers, readText, readTexts } from "../read.js";
import { resolvedPairs } from "./canonical-forms.js";
import { normalizeCommand } from "./run.js";

/** In the order in which they run; undefined when there are none. */
export function normalizeHooks(node: Tree | undefined, context: Context): HookSpec[] | undefined {
  const hooks = itemsOf(node).map((item) => normalizeHook(item, context));
  return hooks.length > 0 ? hooks : undefined;
}

function normalizeHook(node: Tree, context: Context): HookSpec {
  return compact({
    command: normalizeCommand(child(node, "command"), context) ?? [],
    ...readMembers(node, ["image", "user", "working_dir"]),
    privileged: readFlag(child(node, "privileged"), context),
    per_replica: readFlag(child(node, "per_replica"), context),
    environment: resolvedPairs(child(node, "environment"), context),
  });
}

export function normalizeProvider(node: Tree | undefined): ProviderSpec | undefined {
  const type = readText(child(node, "type"));
  if (type === undefined) return undefined;
  const options = membersOf(child(node, "options")).map(([key, value]): [string, string[]] => [key, readTexts(value)]);
  return { type, options: Object.fromEntries(options.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** A list of names, or a mapping that names the variables. */
export function normalizeModelUses(node: Tree | undefined): Service["models"] {
  const uses = [
    ...itemsOf(node).map((item): [string, object] => [readText(item) ?? "", {}]),
    ...membersOf(node).map(([key, value]): [string, object] => [
      key,
      readMembers(value, ["endpoint_var", "model_var"]),
    ]),
  ];
  return uses.length > 0 ? Object.fromEntries(uses.sort(([a], [b]) => (a < b ? -1 : 1))) : undefined;
}

/** The top-level models, by key. */
export function normalizeModels(node: Tree | undefined, context: Context): Map<string, ModelSpec> {
  const models = membersOf(node).map(([key, value]): [string, ModelSpec] => {
    const { name = key, model = "" } = readMembers(value, ["name", "model"]);
    const context_size = readInteger(child(value, "context_size"), context);
    return [key, compact({ key, name, model, context_size, runtime_flags: readTexts(child(value, "runtime_flags")) })];
  });
  return new Map(models.sort(([a], [b]) => (a < b ? -1 : 1)));
}
