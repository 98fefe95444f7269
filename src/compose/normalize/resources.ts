/** Normalises the top-level networks, volumes, configs and secrets. Pure. */
import type { FileSpec, NetworkSpec, VolumeSpec } from "../project.js";
import { child, itemsOf, membersOf, type Tree } from "../tree.js";
import type { Context } from "./context.js";
import { normalizeVolumeExtension } from "./extension/volume-extension.js";
import { absolutePath, compact, readFlag, readMembers, readText, readTextMap } from "./read.js";

/** By key, sorted; `default` is added by whoever knows whether it is used. */
export function normalizeNetworks(node: Tree | undefined, context: Context): Map<string, NetworkSpec> {
  return byKey(node, (key, value) => ({
    ...nameAndExternal(key, value, context),
    ...readMembers(value, ["driver"]),
    driver_opts: readTextMap(child(value, "driver_opts")),
    internal: readFlag(child(value, "internal"), context) ?? false,
    attachable: readFlag(child(value, "attachable"), context) ?? false,
    ...compact({
      enable_ipv4: readFlag(child(value, "enable_ipv4"), context),
      enable_ipv6: readFlag(child(value, "enable_ipv6"), context),
      ipam: normalizeIpam(child(value, "ipam"), context),
    }),
    labels: readTextMap(child(value, "labels")),
  }));
}

/** The network that services without `networks` join. */
export function implicitDefaultNetwork(projectName: string): NetworkSpec {
  const common = { driver_opts: {}, internal: false, attachable: false, labels: {} };
  return { key: "default", name: `${projectName}_default`, external: false, ...common };
}

function normalizeIpam(node: Tree | undefined, { report }: Context): NetworkSpec["ipam"] {
  if (!node) return undefined;
  const config = itemsOf(child(node, "config")).map((pool) => {
    const ranges = readMembers(pool, ["subnet", "ip_range", "gateway"]);
    for (const key of ["subnet", "ip_range"] as const) {
      const place = child(pool, key);
      if (!place || /^[0-9a-fA-F:.]+\/\d{1,3}$/.test(ranges[key] ?? "")) continue;
      const expected = "a range such as 10.5.0.0/16";
      report.error(place, "bad-address", `"${ranges[key]}" is not an address range`, { expected });
    }
    const addresses = child(pool, "aux_addresses");
    return { ...ranges, ...(addresses ? { aux_addresses: readTextMap(addresses) } : {}) };
  });
  const driver = readMembers(node, ["driver"]);
  const options = readTextMap(child(node, "options"));
  const isEmpty = config.length === 0 && driver.driver === undefined && Object.keys(options).length === 0;
  return isEmpty ? undefined : { ...driver, config, ...(Object.keys(options).length > 0 ? { options } : {}) };
}

export function normalizeVolumes(node: Tree | undefined, context: Context): Map<string, VolumeSpec> {
  return byKey(node, (key, value) => {
    const common = nameAndExternal(key, value, context);
    const extra = membersOf(value).find(([name]) => name === "driver" || name === "driver_opts" || name === "labels");
    if (common.external && extra) {
      const message = `External volume "${key}" cannot have ${extra[0]}: it exists already`;
      context.report.error(extra[1], "conflicting-keys", message, { hint: "Remove it, or remove external" });
    }
    return {
      ...common,
      ...readMembers(value, ["driver"]),
      driver_opts: volumeOptions(child(value, "driver_opts"), context),
      labels: readTextMap(child(value, "labels")),
      ...compact({ gantry: normalizeVolumeExtension(child(value, "x-gantry"), context) }),
    };
  });
}

/** A bind volume's device is a path of the project. */
function volumeOptions(node: Tree | undefined, context: Context): Record<string, string> {
  const options = readTextMap(node);
  const isBind = (options.o ?? "").split(",").includes("bind");
  return isBind && options.device ? { ...options, device: absolutePath(options.device, context) } : options;
}

/** Configs, or secrets, which have no `content`. Exactly one source each. */
export function normalizeFiles(node: Tree | undefined, context: Context): Map<string, FileSpec> {
  return byKey(node, (key, value) => {
    const common = nameAndExternal(key, value, context);
    const { file, environment, content } = readMembers(value, ["file", "environment", "content"]);
    const given = [file, environment, content, common.external || undefined].filter((source) => source !== undefined);
    if (given.length !== 1 && value.kind === "map") {
      const expected = node?.path === "secrets" ? "file, environment" : "file, environment, content";
      const what = given.length === 0 ? "has no source" : "has more than one source";
      context.report.error(value, given.length === 0 ? "missing-key" : "conflicting-keys", `${value.path} ${what}`, {
        expected: `exactly one of ${expected} or external`,
      });
    }
    const labels = child(value, "labels");
    const driverOptions = child(value, "driver_opts");
    for (const place of [labels, driverOptions]) {
      if (place) context.report.warn(place, "no-effect", `${place.path} has no effect: only a swarm keeps it`);
    }
    return compact({
      ...common,
      file: file ? absolutePath(file, context) : undefined,
      environment,
      content,
      labels: labels && readTextMap(labels),
      driver: readText(child(value, "driver")),
      driver_opts: driverOptions && readTextMap(driverOptions),
      template_driver: readText(child(value, "template_driver")),
    });
  });
}

/** Resources are called `PROJECT_KEY` unless `name` says otherwise; external ones `KEY`. */
function nameAndExternal(key: string, node: Tree, context: Context): { key: string; name: string; external: boolean } {
  const external = child(node, "external");
  const named = external?.kind === "map" ? readText(child(external, "name")) : undefined;
  const isExternal = external?.kind === "map" || (readFlag(external, context) ?? false);
  const name = readText(child(node, "name")) || named;
  return { key, name: name ?? (isExternal ? key : `${context.projectName}_${key}`), external: isExternal };
}

function byKey<T>(node: Tree | undefined, normalize: (key: string, value: Tree) => T): Map<string, T> {
  const members = membersOf(node).filter(([key]) => key !== "");
  return new Map([...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, normalize(key, value)]));
}
