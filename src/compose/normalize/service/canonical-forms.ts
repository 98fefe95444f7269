/**
 * Brings attributes that have no type of their own in `Service` into one form: `build`, `deploy`, `develop`, hooks and
 * the other ones that are kept as written.
 *
 * Pure. A table says what stands where; everything else stays as it is. So a size is bytes and a list of `KEY=VALUE` a
 * mapping, whichever way the file wrote it.
 */
import { child, isNull, itemsOf, membersOf, type Tree, toPlain } from "../../tree.js";
import type { Context } from "../context.js";
import {
  absolutePath,
  readBytes,
  readDecimal,
  readDuration,
  readFlag,
  readInteger,
  readMembers,
  readMode,
  readPairs,
  readText,
  readTextMap,
  readTexts,
} from "../read.js";
import { formatDuration } from "../units.js";
import { normalizeExtraHosts } from "./networks.js";
import { normalizeUlimits } from "./resources.js";
import { normalizeCommand } from "./run.js";

type Form = (node: Tree, context: Context) => unknown;

const bytes: Form = (node, context) => readBytes(node, context)?.toString();
const duration: Form = (node, context) => {
  const value = readDuration(node, context);
  return value ? formatDuration(value) : undefined;
};
const decimal: Form = readDecimal;
const integer: Form = (node, context) => readInteger(node, context);
const flag: Form = readFlag;
const texts: Form = readTexts;
const textMap: Form = readTextMap;
const text: Form = readText;
const count: Form = (node, context) => (readText(node) === "all" ? -1 : readInteger(node, context));
const path: Form = (node, context) => absolutePath(readText(node) ?? "", context);

/** By the attribute's keys; `*` is an item of a list. */
const forms: Readonly<Record<string, Form>> = {
  "build.additional_contexts": (node, context) =>
    Object.fromEntries(readPairs(node).map(({ key, value }) => [key, buildContext(value ?? "", context)])),
  // A bare argument that the environment does not have is left to the Dockerfile's default.
  "build.args": (node, context) => {
    const unnamed = child(node, "");
    if (unnamed) context.report.error(unnamed, "bad-name", "A build argument has no name", { expected: "NAME: VALUE" });
    return Object.fromEntries(Object.entries(resolvedPairs(node, context)).filter(([, value]) => value !== null));
  },
  "build.extra_hosts": normalizeExtraHosts,
  "build.labels": textMap,
  "build.no_cache": flag,
  "build.no_cache_filter": texts,
  "build.privileged": flag,
  "build.provenance": text,
  "build.pull": flag,
  "build.sbom": text,
  "build.secrets": buildSecrets,
  "build.shm_size": bytes,
  "build.ssh": buildKeys,
  "build.ulimits": (node, context) => plainUlimits(normalizeUlimits(node, context)),
  "blkio_config.device_read_bps.*.rate": bytes,
  "blkio_config.device_read_iops.*.rate": bytes,
  "blkio_config.device_write_bps.*.rate": bytes,
  "blkio_config.device_write_iops.*.rate": bytes,
  cpu_count: integer,
  cpu_percent: decimal,
  "deploy.labels": textMap,
  "deploy.placement.max_replicas_per_node": integer,
  "deploy.replicas": integer,
  "deploy.resources.limits.cpus": decimal,
  "deploy.resources.limits.memory": bytes,
  "deploy.resources.limits.pids": integer,
  "deploy.resources.reservations.cpus": decimal,
  "deploy.resources.reservations.devices.*.count": count,
  "deploy.resources.reservations.devices.*.options": textMap,
  "deploy.resources.reservations.generic_resources.*.discrete_resource_spec.value": decimal,
  "deploy.resources.reservations.memory": bytes,
  "deploy.restart_policy.delay": duration,
  "deploy.restart_policy.max_attempts": integer,
  "deploy.restart_policy.window": duration,
  "develop.watch.*.exec.command": normalizeCommand,
  "develop.watch.*.exec.environment": resolvedPairs,
  "develop.watch.*.ignore": texts,
  "develop.watch.*.include": texts,
  "develop.watch.*.initial_sync": flag,
  "develop.watch.*.path": path,
  expose: texts,
  gpus: (node, context) => (node.kind === "scalar" ? [{ count: count(node, context) }] : undefined),
  "gpus.*.count": count,
  "gpus.*.options": textMap,
  models: (node) =>
    node.kind === "list" ? Object.fromEntries(readTexts(node).map((name) => [name, null])) : undefined,
  "provider.options": (node) =>
    Object.fromEntries(
      membersOf(node).map(([key, value]) => [key, value.kind === "list" ? readTexts(value) : [readText(value)]]),
    ),
  storage_opt: textMap,
  use_api_socket: flag,
  ...Object.fromEntries(["update_config", "rollback_config"].flatMap((key) => updateForms(`deploy.${key}`))),
  ...Object.fromEntries(["post_start", "pre_start", "pre_stop"].flatMap(hookForms)),
};

/** The value in its one form; undefined for nothing. `keys` lead to it from the service: `["deploy"]`. */
export function canonicalForm(node: Tree, keys: readonly string[], context: Context): unknown {
  if (isNull(node)) return undefined;
  const form = forms[keys.join(".")];
  const formed = form?.(node, context);
  if (formed !== undefined || (form && node.kind === "scalar")) return formed;
  if (node.kind === "list") return node.items.map((item) => canonicalForm(item, [...keys, "*"], context));
  if (node.kind === "scalar") return toPlain(node) === "" ? undefined : toPlain(node);
  const members = membersOf(node).map(([key, value]) => [
    key,
    key.startsWith("x-") ? toPlain(value) : canonicalForm(value, [...keys, key], context),
  ]);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

function updateForms(at: string): Array<[string, Form]> {
  return [
    [`${at}.delay`, duration],
    [`${at}.monitor`, duration],
    [`${at}.parallelism`, integer],
    [`${at}.max_failure_ratio`, decimal],
  ];
}

function hookForms(at: string): Array<[string, Form]> {
  return [
    [`${at}.*.command`, normalizeCommand],
    [`${at}.*.environment`, resolvedPairs],
    [`${at}.*.privileged`, flag],
    [`${at}.*.per_replica`, flag],
  ];
}

/** A bare key takes the environment's value, or null. */
export function resolvedPairs(node: Tree | undefined, { environment }: Context): Record<string, string | null> {
  const known = (key: string) => (Object.hasOwn(environment, key) ? environment[key] : undefined);
  return Object.fromEntries(readPairs(node).map(({ key, value }) => [key, value ?? known(key) ?? null]));
}

/** Contexts elsewhere and other services' images stay as they are: both begin with a scheme. */
export function buildContext(written: string, context: Context): string {
  const isElsewhere = /^([a-z][a-z0-9+.-]*:\/\/|service:|git@|github\.com\/)/.test(written);
  return isElsewhere || written === "" ? written : absolutePath(written, context);
}

function buildSecrets(node: Tree, context: Context): unknown[] {
  return itemsOf(node).map((item) => {
    if (item.kind !== "map") return { source: readText(item) };
    const mode = readMode(item.entries.get("mode")?.value, context);
    const members = readMembers(item, ["source", "target", "uid", "gid"]);
    return mode === undefined ? members : { ...members, mode: `0${mode.toString(8)}` };
  });
}

/** `default`, or `ID=PATH` with the path absolute. */
function buildKeys(node: Tree, context: Context): string[] {
  if (node.kind === "scalar") return readTexts(node);
  return readPairs(node).map(({ key, value }) => (value ? `${key}=${absolutePath(value, context)}` : key));
}

/** One number for both limits when they are the same, unless a file has both. */
export function plainUlimits(
  limits: ReturnType<typeof normalizeUlimits>,
  hasBoth: (name: string) => boolean = () => false,
): Record<string, unknown> {
  const entries = Object.entries(limits).map(([name, { soft, hard }]) => [
    name,
    soft === hard && !hasBoth(name) ? soft : { soft, hard },
  ]);
  return Object.fromEntries(entries);
}
