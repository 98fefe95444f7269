/**
 * Keeps the attributes that nothing acts on yet, and warns of those whose silence would surprise.
 *
 * Pure. When an attribute gets its effect, its line here goes.
 */
import { child, descend, isNull, itemsOf, membersOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { readText } from "../read.js";
import { canonicalForm } from "./canonical-forms.js";

/** True: warn when it is used. False: what is lost is of no effect for one host, or belongs to another command. */
const unused: Readonly<Record<string, boolean>> = {
  blkio_config: true,
  cgroup: true,
  cpu_count: true,
  cpu_percent: true,
  cpu_rt_period: true,
  cpu_rt_runtime: true,
  credential_spec: true,
  deploy: false,
  develop: false,
  device_cgroup_rules: true,
  external_links: true,
  gpus: true,
  isolation: true,
  links: false,
  models: true,
  post_start: true,
  pre_start: true,
  pre_stop: true,
  provider: true,
  pull_refresh_after: true,
  storage_opt: true,
  use_api_socket: true,
  userns_mode: true,
  uts: true,
  volumes_from: true,
};

/** The unused attributes of a service in their canonical form; undefined when it has none. */
export function unusedAttributes(service: Tree, context: Context): Record<string, unknown> | undefined {
  const { report } = context;
  const found: Record<string, unknown> = {};
  for (const [key, value] of membersOf(service)) {
    if (!Object.hasOwn(unused, key) || isNull(value)) continue;
    const formed = canonicalForm(value, [key], context);
    if (formed !== undefined) found[key] = formed;
    if (unused[key]) warn(value, key);
  }
  for (const link of itemsOf(child(service, "links"))) {
    const [target, alias = target] = (readText(link) ?? "").split(":");
    if (alias !== target) warn(link, `the alias "${alias}" of a link`);
  }
  const mode = descend(service, "deploy", "mode");
  if (mode && readText(mode) !== "replicated") warn(mode, `deploy.mode ${readText(mode)}`);
  const devices = descend(service, "deploy", "resources", "reservations", "devices");
  if (devices) warn(devices, "deploy.resources.reservations.devices");
  return Object.keys(found).length > 0 ? found : undefined;

  function warn(place: Tree, what: string): void {
    const message = `${what.charAt(0).toUpperCase()}${what.slice(1)} is not supported yet and has no effect`;
    report.warn(place, "not-supported", what in unused ? message.replace(/^./, what.charAt(0)) : message);
  }
}
