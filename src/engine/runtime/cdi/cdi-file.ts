/**
 * Specifications of the Container Device Interface, read into values. Pure.
 *
 * A file describes the devices of one kind (`vendor.com/class`): for each what it changes in a container, and what any
 * of them changes. Members that are not of the expected type are refused, since a device that is there in part only
 * fails later and darker.
 *
 * @see CNCF Container Device Interface specification 0.8.0
 */
import { isRecord } from "../../../base/json.js";
import type { OciMount } from "../../../oci/runtime-spec.js";

export interface CdiFile {
  /** `vendor.com/class`. */
  readonly kind: string;
  readonly devices: ReadonlyMap<string, CdiEdits>;
  /** Of every container that gets a device of this file. */
  readonly common: CdiEdits;
}

export interface CdiEdits {
  readonly env: readonly string[];
  readonly nodes: readonly CdiNode[];
  readonly mounts: readonly OciMount[];
  readonly hooks: ReadonlyArray<{ readonly name: string; readonly hook: Readonly<Record<string, unknown>> }>;
  readonly additionalGids: readonly number[];
}

/** What is absent is the host's device's own. */
export interface CdiNode {
  readonly path: string;
  readonly hostPath: string;
  readonly type?: "c" | "b";
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly permissions: string;
}

const kindPattern = /^[A-Za-z][A-Za-z0-9_.-]*\/[A-Za-z][A-Za-z0-9_-]*$/;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/;
const hookNames = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

/** `vendor.com/class=name`, taken apart; undefined for what is no such name. */
export function parseCdiName(text: string): { kind: string; device: string } | undefined {
  const at = text.indexOf("=");
  const [kind, device] = [text.slice(0, at), text.slice(at + 1)];
  return at > 0 && kindPattern.test(kind) && namePattern.test(device) ? { kind, device } : undefined;
}

/** Throws an `Error` that says what is wrong with the file. */
export function parseCdiFile(value: unknown): CdiFile {
  if (!isRecord(value) || typeof value.cdiVersion !== "string") throw new Error("it has no cdiVersion");
  const kind = value.kind;
  if (typeof kind !== "string" || !kindPattern.test(kind)) throw new Error(`its kind is wrong: ${String(kind)}`);
  const devices = new Map<string, CdiEdits>();
  for (const device of list(value.devices, "devices")) {
    if (!isRecord(device) || typeof device.name !== "string" || !namePattern.test(device.name)) {
      throw new Error("a device has no name");
    }
    if (devices.has(device.name)) throw new Error(`the device ${device.name} is there twice`);
    devices.set(device.name, parseEdits(device.containerEdits));
  }
  return { kind, devices, common: parseEdits(value.containerEdits) };
}

function parseEdits(value: unknown): CdiEdits {
  const edits = value === undefined || value === null ? {} : value;
  if (!isRecord(edits)) throw new Error("containerEdits is no object");
  for (const name of ["intelRdt", "netDevices"]) {
    if (edits[name] !== undefined) throw new Error(`${name} is not supported`);
  }
  return {
    env: texts(edits.env, "env"),
    nodes: list(edits.deviceNodes, "deviceNodes").map(parseNode),
    mounts: list(edits.mounts, "mounts").map(parseMount),
    hooks: list(edits.hooks, "hooks").map(parseHook),
    additionalGids: list(edits.additionalGids, "additionalGids").map((gid) => number(gid, "additionalGids") ?? 0),
  };
}

function parseNode(value: unknown): CdiNode {
  const node = record(value, "deviceNodes");
  const path = text(node.path, "path of a device node");
  if (node.type !== undefined && node.type !== "c" && node.type !== "b" && node.type !== "u") {
    throw new Error(`the type of ${path} is not supported: ${String(node.type)}`);
  }
  const optional = (name: "major" | "minor" | "fileMode" | "uid" | "gid") => {
    const found = number(node[name], name);
    return found === undefined ? {} : { [name]: found };
  };
  return {
    path,
    hostPath: node.hostPath === undefined ? path : text(node.hostPath, "hostPath"),
    ...(node.type === undefined ? {} : { type: node.type === "b" ? "b" : "c" }),
    ...{ ...optional("major"), ...optional("minor"), ...optional("fileMode"), ...optional("uid"), ...optional("gid") },
    permissions: node.permissions === undefined ? "rwm" : text(node.permissions, "permissions"),
  };
}

function parseMount(value: unknown): OciMount {
  const mount = record(value, "mounts");
  return {
    destination: text(mount.containerPath, "containerPath"),
    type: mount.type === undefined ? "bind" : text(mount.type, "type of a mount"),
    source: text(mount.hostPath, "hostPath"),
    options: texts(mount.options, "options"),
  };
}

function parseHook(value: unknown): CdiEdits["hooks"][number] {
  const { hookName, path, args, env, timeout } = record(value, "hooks");
  const name = text(hookName, "hookName");
  if (!hookNames.includes(name)) throw new Error(`there are no hooks ${name}`);
  const seconds = number(timeout, "timeout");
  return {
    name,
    hook: {
      path: text(path, "path of a hook"),
      ...(args === undefined ? {} : { args: texts(args, "args") }),
      ...(env === undefined ? {} : { env: texts(env, "env") }),
      ...(seconds === undefined ? {} : { timeout: seconds }),
    },
  };
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new Error(`a member of ${what} is no object`);
}

function list(value: unknown, what: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`${what} is no list`);
}

function texts(value: unknown, what: string): string[] {
  return list(value, what).map((member) => text(member, what));
}

function text(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw new Error(`${what} is no text`);
}

function number(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${what} is no number`);
}
