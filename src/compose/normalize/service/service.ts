/** Normalises one service into its canonical form; its env and label files are still to be read. Pure. */
import type { BuildSpec, Service } from "../../project.js";
import { child, itemsOf, membersOf, type Tree, toPlain } from "../../tree.js";
import type { Context } from "../context.js";
import { normalizeServiceExtension } from "../extension/service-extension.js";
import {
  compact,
  readBytes,
  readDuration,
  readFlag,
  readInteger,
  readMembers,
  readPairs,
  readText,
  readTextMap,
  readTexts,
} from "../read.js";
import { buildContext, canonicalForm } from "./canonical-forms.js";
import { normalizeDependencies } from "./dependencies.js";
import { type EnvFileUse, normalizeEnvFiles, normalizeFileUses } from "./files.js";
import { normalizeHooks, normalizeModelUses, normalizeProvider } from "./hooks.js";
import { normalizeMounts } from "./mounts.js";
import { normalizeExtraHosts, normalizeServiceNetworks } from "./networks.js";
import { normalizeExpose, normalizePorts } from "./ports.js";
import { normalizeBlkio, normalizeDeviceRequests } from "./requests.js";
import { normalizeDevices, normalizeResources, normalizeScale, normalizeUlimits } from "./resources.js";
import {
  normalizeCommand,
  normalizeHealthcheck,
  normalizeLogging,
  normalizePullPolicy,
  normalizeRestart,
} from "./run.js";
import { untypedAttributes } from "./untyped.js";
import { normalizeUpdate } from "./updates.js";

/** A service before its files are read. */
export interface DraftService {
  readonly service: Service;
  readonly envFiles: readonly EnvFileUse[];
  readonly labelFiles: readonly EnvFileUse[];
  readonly place: Tree;
}

const textKeys = [
  "image",
  "container_name",
  "hostname",
  "domainname",
  "user",
  "working_dir",
  "stop_signal",
  "network_mode",
  "pid",
  "ipc",
  "platform",
  "runtime",
  "cgroup",
  "cgroup_parent",
  "isolation",
  "mac_address",
  "userns_mode",
  "uts",
] as const;

export function normalizeService(name: string, node: Tree, context: Context): DraftService {
  const at = (key: string) => child(node, key);
  return {
    service: compact({
      name,
      ...nonEmpty(readMembers(node, textKeys)),
      ...runFields(node, context),
      ...kernelFields(node, context),
      ...networkFields(node, context),
      volumes: normalizeMounts(at("volumes"), at("tmpfs"), context),
      configs: normalizeFileUses(at("configs"), "/", context),
      secrets: normalizeFileUses(at("secrets"), "/run/secrets/", context),
      depends_on: normalizeDependencies(node, context),
      profiles: readTexts(at("profiles")),
      ...besideFields(node, context),
      extensions: extensionsOf(node),
      gantry: normalizeServiceExtension(node, context),
      update_config: normalizeUpdate(node, "update_config", context),
      rollback_config: normalizeUpdate(node, "rollback_config", context),
      untyped: untypedAttributes(node, context),
    }),
    envFiles: normalizeEnvFiles(at("env_file"), context),
    labelFiles: normalizeEnvFiles(at("label_file"), context),
    place: node,
  };
}

function runFields(node: Tree, context: Context) {
  const at = (key: string) => child(node, key);
  return {
    build: normalizeBuild(at("build"), context),
    command: normalizeCommand(at("command"), context),
    entrypoint: normalizeCommand(at("entrypoint"), context),
    environment: normalizeEnvironment(at("environment"), context),
    labels: readTextMap(at("labels")),
    annotations: readTextMap(at("annotations")),
    tty: readFlag(at("tty"), context) ?? false,
    stdin_open: readFlag(at("stdin_open"), context) ?? false,
    init: readFlag(at("init"), context),
    attach: readFlag(at("attach"), context) ?? true,
    stop_grace_period: readDuration(at("stop_grace_period"), context),
    restart: normalizeRestart(node, context),
    pull_policy: normalizePullPolicy(at("pull_policy"), context),
    logging: normalizeLogging(at("logging")),
    healthcheck: normalizeHealthcheck(at("healthcheck"), context),
    scale: normalizeScale(node, context),
  };
}

/** What runs beside the service's own process. */
function besideFields(node: Tree, context: Context) {
  const at = (key: string) => child(node, key);
  return {
    post_start: normalizeHooks(at("post_start"), context),
    pre_start: normalizeHooks(at("pre_start"), context),
    pre_stop: normalizeHooks(at("pre_stop"), context),
    provider: normalizeProvider(at("provider")),
    models: normalizeModelUses(at("models")),
    use_api_socket: readFlag(at("use_api_socket"), context) || undefined,
  };
}

function kernelFields(node: Tree, context: Context) {
  const at = (key: string) => child(node, key);
  return {
    privileged: readFlag(at("privileged"), context) ?? false,
    read_only: readFlag(at("read_only"), context) ?? false,
    cap_add: readTexts(at("cap_add")),
    cap_drop: readTexts(at("cap_drop")),
    security_opt: readTexts(at("security_opt")),
    group_add: readTexts(at("group_add")),
    devices: normalizeDevices(at("devices"), context),
    ulimits: normalizeUlimits(at("ulimits"), context),
    sysctls: readTextMap(at("sysctls")),
    tmpfs: readTexts(at("tmpfs")),
    shm_size: readBytes(at("shm_size"), context),
    oom_score_adj: readInteger(at("oom_score_adj"), context, { min: -1000, max: 1000 }),
    resources: normalizeResources(node, context),
    blkio_config: normalizeBlkio(at("blkio_config"), context),
    device_cgroup_rules: someTexts(at("device_cgroup_rules")),
    device_requests: normalizeDeviceRequests(node, context),
    storage_opt: someTextMap(at("storage_opt")),
    volumes_from: someTexts(at("volumes_from")),
  };
}

function networkFields(node: Tree, context: Context) {
  const at = (key: string) => child(node, key);
  return {
    extra_hosts: normalizeExtraHosts(at("extra_hosts"), context),
    dns: readTexts(at("dns")),
    dns_search: readTexts(at("dns_search")),
    dns_opt: readTexts(at("dns_opt")),
    networks: normalizeServiceNetworks(node, context),
    ports: normalizePorts(at("ports"), context),
    expose: normalizeExpose(at("expose"), context),
    links: someTexts(at("links")),
    external_links: someTexts(at("external_links")),
  };
}

/** Undefined rather than empty. */
function someTexts(node: Tree | undefined): string[] | undefined {
  const texts = readTexts(node);
  return texts.length > 0 ? texts : undefined;
}

function someTextMap(node: Tree | undefined): Record<string, string> | undefined {
  const map = readTextMap(node);
  return Object.keys(map).length > 0 ? map : undefined;
}

/** A bare key takes the project environment's value, or null: the image's value is then unset. */
function normalizeEnvironment(node: Tree | undefined, context: Context): Service["environment"] {
  const found: Record<string, string | null> = {};
  const unnamed = itemsOf(node).find((item) => /^(=|$)/.test(readText(item) ?? "null")) ?? child(node, "");
  if (unnamed) context.report.error(unnamed, "bad-value", "A variable has no name", { expected: "NAME=VALUE" });
  for (const { key, value, node: place } of readPairs(node)) {
    if (key.endsWith(" ")) {
      const hint = `Write "${key.trim()}=…"`; // the value may be a secret
      context.report.error(place, "bad-value", `The variable name "${key}" ends with a space`, { hint });
    }
    context.sources.set(`${node?.path}.${key}`, place.at);
    const known = Object.hasOwn(context.environment, key) ? context.environment[key] : undefined;
    found[key] = value ?? known ?? null;
  }
  return found;
}

/** The short form expanded and the paths absolute. Remote contexts stay as they are. */
function normalizeBuild(node: Tree | undefined, context: Context): BuildSpec | undefined {
  if (!node) return undefined;
  const members = node.kind === "map" ? (canonicalForm(node, ["build"], context) as Record<string, unknown>) : {};
  const written = readText(node.kind === "map" ? child(node, "context") : node) ?? ".";
  return { ...members, context: buildContext(written, context) };
}

/** The members whose keys begin with `x-`, as written. */
export function extensionsOf(node: Tree): Record<string, unknown> {
  return Object.fromEntries(
    membersOf(node)
      .filter(([key]) => key.startsWith("x-"))
      .map(([key, value]) => [key, toPlain(value)]),
  );
}

function nonEmpty<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== "")) as T; // optional members only
}
