/**
 * Keeps the attributes whose typed members say less than the files do, in canonical form for `config`; and tells of
 * every attribute that has no effect here, with its place.
 *
 * Pure. When an attribute gets its effect, its line among the ignored ones goes.
 */
import { child, descend, isNull, itemsOf, membersOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { readText } from "../read.js";
import { canonicalForm } from "./canonical-forms.js";

const kept = [
  "blkio_config",
  "cgroup",
  "cpu_count",
  "cpu_percent",
  "cpu_rt_period",
  "cpu_rt_runtime",
  "credential_spec",
  "deploy",
  "develop",
  "device_cgroup_rules",
  "expose",
  "external_links",
  "gpus",
  "isolation",
  "links",
  "models",
  "post_start",
  "pre_start",
  "pre_stop",
  "provider",
  "pull_refresh_after",
  "storage_opt",
  "use_api_socket",
  "userns_mode",
  "uts",
  "volumes_from",
];

const onWindows = "only Windows containers have it";
const inSwarm = "only a swarm of several hosts has it";

/** Why each has no effect, by its keys from the service. */
const ignored: ReadonlyArray<readonly [keys: readonly string[], why: string]> = [
  [["cpu_count"], onWindows],
  [["cpu_percent"], onWindows],
  [["credential_spec"], onWindows],
  [["pull_refresh_after"], "no tool gives it a meaning; pull_policy: every_DURATION does"],
  [["deploy", "endpoint_mode"], inSwarm],
  [["deploy", "labels"], "they are a swarm service's; labels of containers stand under the service itself"],
  [["deploy", "placement"], inSwarm],
  [["deploy", "resources", "reservations", "cpus"], inSwarm],
  [["deploy", "resources", "reservations", "generic_resources"], inSwarm],
  [["deploy", "restart_policy", "delay"], "the engine's own back-off counts"],
  [["deploy", "restart_policy", "window"], "the engine's own back-off counts"],
];

/** The attributes of a service in their canonical form; undefined when it has none. */
export function untypedAttributes(service: Tree, context: Context): Record<string, unknown> | undefined {
  const found: Record<string, unknown> = {};
  for (const [key, value] of membersOf(service)) {
    if (!kept.includes(key) || isNull(value)) continue;
    const formed = canonicalForm(value, [key], context);
    if (formed !== undefined) found[key] = formed;
  }
  tellIgnored(service, context);
  return Object.keys(found).length > 0 ? found : undefined;
}

function tellIgnored(service: Tree, { report }: Context): void {
  const tell = (place: Tree, what: string, why: string) =>
    report.warn(place, "no-effect", `${what} has no effect: ${why}`);
  for (const [keys, why] of ignored) {
    const place = descend(service, ...keys);
    if (place) tell(place, keys.join("."), why);
  }
  const mode = descend(service, "deploy", "mode");
  if (mode && readText(mode) !== "replicated") tell(mode, `deploy.mode ${readText(mode)}`, inSwarm);
  const restart = descend(service, "deploy", "restart_policy");
  const attempts = child(restart, "max_attempts");
  if (attempts && readText(child(restart, "condition")) !== "on-failure") {
    tell(attempts, "deploy.restart_policy.max_attempts", "only condition: on-failure counts attempts");
  }
  for (const which of ["post_start", "pre_stop"]) {
    for (const hook of itemsOf(child(service, which))) {
      for (const key of ["image", "per_replica"]) {
        const place = child(hook, key);
        if (place) tell(place, `${which}.${key}`, "the hook runs in each container of the service");
      }
    }
  }
}
