/**
 * Operations as programs and other people may see them: without what is secret, or looks like it.
 *
 * Pure. Contents of configs and secrets go, not even a digest of them stays, by which a short one would be guessed.
 */
import { isRecord } from "../../base/json.js";
import { credentialName, maskSecrets, maskWords } from "../../compose/mask-secrets.js";
import type { FieldChange, Operation } from "../operation.js";

/** Members whose own members bear names that somebody chose: the name tells what the value may be. */
const named: ReadonlySet<string> = new Set([
  ...["args", "ownArgs", "labels", "Labels", "Annotations", "options", "Options", "DriverOpts"],
  "Config", // of a log driver
]);
const contents = "GantryFiles";
const hidden = "(hidden)";

/** What the operation is told to engines and builders, made fit to be shown; all else is words of the planner. */
export function concealedOperation(op: Operation): unknown {
  const told = Object.entries(op).filter(([key]) => key === "body" || key === "build" || key === "options");
  return { ...op, ...Object.fromEntries(told.map(([key, value]) => [key, concealed(value, key)])) };
}

function concealed(value: unknown, key: string): unknown {
  if (key === contents) return withoutData(value);
  if (typeof value === "string") return maskSecrets(value);
  if (Array.isArray(value)) {
    if (!value.every((one) => typeof one === "string")) return value.map((one: unknown) => concealed(one, ""));
    return key === "Env" ? value.map(variable) : maskWords(value).map(maskSecrets);
  }
  if (!isRecord(value)) return value;
  const members = Object.entries(value).map(([name, member]) => {
    const isHidden = named.has(key) && credentialName.test(name);
    return [name, isHidden ? hidden : concealed(member, name)];
  });
  return Object.fromEntries(members);
}

function variable(entry: string): string {
  const at = entry.indexOf("=");
  if (at < 0) return entry;
  const name = entry.slice(0, at);
  return credentialName.test(name) ? `${name}=${hidden}` : `${name}=${maskSecrets(entry.slice(at + 1))}`;
}

function withoutData(files: unknown): unknown {
  if (!Array.isArray(files)) return files;
  return files.map((file: unknown) => {
    if (!isRecord(file)) return file;
    const { Data: _content, ...rest } = file;
    return rest;
  });
}

/** Fields of services, networks and volumes whose values are numbers, names and addresses. */
const plainFields: ReadonlySet<string> = new Set([
  ...["cpus", "cpu_shares", "cpu_period", "cpu_quota", "cpuset", "mem_limit", "mem_reservation", "memswap_limit"],
  ...["mem_swappiness", "pids_limit", "shm_size", "oom_score_adj", "restart", "stop_grace_period", "stop_signal"],
  ...["image", "platform", "user", "working_dir", "container_name", "hostname", "domainname", "networks", "ports"],
  ...["network_mode", "expose", "scale", "init", "tty", "stdin_open", "privileged", "read_only", "cap_add", "cap_drop"],
  ...["driver", "internal", "attachable", "enable_ipv6", "ipam"],
]);

/** For a file that is kept and handed on: values of other fields may be anything, and only that they differ is told. */
export function withoutValues(change: FieldChange): FieldChange {
  const [, , field = ""] = change.path.split(".");
  if (plainFields.has(field)) return change;
  const { old: _old, new: _new, ...rest } = change;
  return rest;
}
