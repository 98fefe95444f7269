/** Which values merge in their own way, by their path. Pure. Follows the Compose Specification, "Merge". */
import { child, type Tree } from "../tree.js";

/**
 * `replace`: the later value wins whole. `to-map`: lists of names become mappings first. `key-values`: lists of
 * `KEY=VALUE` become mappings first. `to-list`: one string becomes a list. `build`: a string is its context. `logging`:
 * replaced when the drivers differ. `pools`: address pools are merged by their subnet.
 * `hosts`: mappings of hosts become lists of `HOST=ADDRESS`.
 */
export type MergeRule =
  | "default"
  | "replace"
  | "to-map"
  | "key-values"
  | "to-list"
  | "build"
  | "logging"
  | "pools"
  | "hosts";

const serviceRules: Readonly<Record<string, MergeRule>> = {
  command: "replace",
  entrypoint: "replace",
  "healthcheck.test": "replace",
  build: "build",
  depends_on: "to-map",
  networks: "to-map",
  models: "to-map",
  environment: "key-values",
  labels: "key-values",
  annotations: "key-values",
  sysctls: "key-values",
  "build.args": "key-values",
  "build.labels": "key-values",
  "build.additional_contexts": "key-values",
  "deploy.labels": "key-values",
  env_file: "to-list",
  label_file: "to-list",
  dns: "to-list",
  dns_opt: "to-list",
  dns_search: "to-list",
  tmpfs: "to-list",
  extra_hosts: "hosts",
  "build.extra_hosts": "hosts",
  logging: "logging",
};

/** The rule of the value under some keys, such as `["services", "web", "environment"]`. */
export function mergeRule(keys: readonly string[]): MergeRule {
  const [section, , ...rest] = keys;
  const attribute = rest.join(".");
  if (section === "services" && Object.hasOwn(serviceRules, attribute)) return serviceRules[attribute] ?? "default";
  if (section === "services" && rest[0] === "ulimits" && rest.length === 2) return "replace";
  if (section === "networks" && attribute === "ipam.config") return "pools";
  return (section === "networks" || section === "volumes") && attribute === "labels" ? "key-values" : "default";
}

const byValue = new Set([
  "expose",
  "cap_add",
  "cap_drop",
  "profiles",
  "links",
  "dns",
  "dns_opt",
  "dns_search",
  "tmpfs",
]);

/** What makes two items of a list the same; undefined for lists that only append. */
export function entryKey(keys: readonly string[], item: Tree): string | undefined {
  const name = keys.at(-1) ?? "";
  if (keys[0] !== "services") return undefined;
  const text = item.kind === "scalar" ? String(item.value) : undefined;
  switch (name) {
    case "volumes":
    case "devices":
      return text === undefined ? memberText(item, "target") : shortMountTarget(text);
    case "configs":
      return fileTarget(item, text, "/");
    case "secrets":
      return fileTarget(item, text, "/run/secrets/");
    case "ports":
      return portKey(item, text);
    case "env_file":
      return text ?? memberText(item, "path");
    case "extra_hosts":
    case "aliases":
    case "link_local_ips":
    case "tags":
    case "security_opt":
    case "group_add":
    case "device_cgroup_rules":
    case "volumes_from":
    case "external_links":
      return text;
    default:
      return byValue.has(name) ? text?.replace(/=.*$/, "") : undefined;
  }
}

function shortMountTarget(text: string): string | undefined {
  const parts = text.split(":");
  return (parts[1] ?? parts[0])?.replace(/(.)\/+$/, "$1");
}

function fileTarget(item: Tree, text: string | undefined, folder: string): string | undefined {
  if (text !== undefined) return folder + text;
  const target = memberText(item, "target");
  if (target !== undefined) return target.startsWith("/") ? target : folder + target;
  const source = memberText(item, "source");
  return source === undefined ? undefined : folder + source;
}

function portKey(item: Tree, text: string | undefined): string | undefined {
  if (text !== undefined) {
    const [address = "", protocol = "tcp"] = text.split("/");
    return `${address.replace(/^0\.0\.0\.0:/, "")}/${protocol}`;
  }
  const [published, target] = [memberText(item, "published"), memberText(item, "target")];
  const ip = memberText(item, "host_ip");
  const host = ip === undefined || ip === "0.0.0.0" ? "" : `${ip}:`;
  return `${host}${published === undefined ? "" : `${published}:`}${target}/${memberText(item, "protocol") ?? "tcp"}`;
}

function memberText(item: Tree, key: string): string | undefined {
  const node = child(item, key);
  return node?.kind === "scalar" ? String(node.value) : undefined;
}
