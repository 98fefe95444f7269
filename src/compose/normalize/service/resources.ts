/** Normalises limits and devices of a service. Pure. */
import type { DeviceSpec, ResourceSpec, Service } from "../../project.js";
import { child, descend, itemsOf, membersOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readBytes, readDecimal, readFlag, readInteger, readMembers, readText } from "../read.js";
import { isCdiName } from "./requests.js";

/** The service's own keys and `deploy.resources`; a value in both places must be the same. */
export function normalizeResources(service: Tree, context: Context): ResourceSpec {
  const limits = descend(service, "deploy", "resources", "limits");
  const reservations = descend(service, "deploy", "resources", "reservations");
  const own = (key: string) => child(service, key);
  const bytes = (node: Tree | undefined) => readBytes(node, context);
  const integer = (node: Tree | undefined) => readInteger(node, context);
  const pids = (node: Tree | undefined) => readInteger(node, context, { min: -1 });
  const decimal = (node: Tree | undefined) => readDecimal(node, context);
  return compact({
    cpus: oneOf(own("cpus"), child(limits, "cpus"), decimal, context),
    cpu_shares: readShares(own("cpu_shares"), context),
    cpu_period: integer(own("cpu_period")),
    cpu_quota: integer(own("cpu_quota")),
    cpu_rt_period: integer(own("cpu_rt_period")),
    cpu_rt_runtime: integer(own("cpu_rt_runtime")),
    cpuset: readText(own("cpuset")),
    mem_limit: oneOf(own("mem_limit"), child(limits, "memory"), bytes, context),
    mem_reservation: oneOf(own("mem_reservation"), child(reservations, "memory"), bytes, context),
    memswap_limit: readBytes(own("memswap_limit"), context, true),
    mem_swappiness: readInteger(own("mem_swappiness"), context, { min: 0, max: 100 }),
    pids_limit: oneOf(own("pids_limit"), child(limits, "pids"), pids, context) || undefined, // 0 means unset
    oom_kill_disable: readFlag(own("oom_kill_disable"), context),
  });
}

/** The kernel knows whole shares; what is beyond them is told. */
function readShares(node: Tree | undefined, context: Context): number | undefined {
  const value = readDecimal(node, context);
  if (!node || value === undefined || Number.isInteger(value)) return value;
  context.report.warn(node, "no-effect", `The fraction of cpu_shares has no effect: ${Math.trunc(value)} are given`);
  return Math.trunc(value);
}

function oneOf(
  own: Tree | undefined,
  deploy: Tree | undefined,
  read: (node: Tree | undefined) => number | undefined,
  { report }: Context,
): number | undefined {
  const [first, second] = [read(own), read(deploy)];
  if (own && deploy && first !== undefined && second !== undefined && first !== second) {
    const message = `${own.path} (${readText(own)}) differs from ${deploy.path} (${readText(deploy)})`;
    report.error(own, "conflicting-keys", message, { hint: "Remove one of the two" });
  }
  return second ?? first;
}

/** `scale` or `deploy.replicas`, which must agree; 1 when neither is given. */
export function normalizeScale(service: Tree, context: Context): number {
  const read = (node: Tree | undefined) => readInteger(node, context, { min: 0 });
  return oneOf(child(service, "scale"), descend(service, "deploy", "replicas"), read, context) ?? 1;
}

/** One number is both limits; -1 is unlimited. */
export function normalizeUlimits(node: Tree | undefined, context: Context): Service["ulimits"] {
  const limits: Record<string, { soft: number; hard: number }> = {};
  for (const [name, value] of membersOf(node)) {
    const [soft, hard] =
      value.kind === "map"
        ? [
            readInteger(child(value, "soft"), context, { min: -1 }),
            readInteger(child(value, "hard"), context, { min: -1 }),
          ]
        : [readInteger(value, context, { min: -1 }), readInteger(value, context, { min: -1 })];
    if (soft === undefined || hard === undefined) continue;
    if (hard !== -1 && (soft > hard || soft === -1)) {
      context.report.error(value, "bad-value", `The soft limit of ${name} is above the hard one`);
    }
    limits[name] = { soft, hard };
  }
  return limits;
}

/** `HOST[:CONTAINER[:rwm]]` or the long form. */
export function normalizeDevices(node: Tree | undefined, { report }: Context): DeviceSpec[] {
  return itemsOf(node).flatMap((item) => {
    const { source, target, permissions } =
      item.kind === "map" ? readMembers(item, ["source", "target", "permissions"]) : shortDevice(readText(item) ?? "");
    if (source === undefined) return [];
    if (!source.startsWith("/")) {
      // A device of the Container Device Interface is a request of its own kind.
      if (isCdiName(source)) return [];
      const expected = "/dev/HOST[:/dev/CONTAINER[:rwm]], or VENDOR/CLASS=NAME";
      report.error(item, "bad-device", `"${source}" is not a device`, { expected });
      return [];
    }
    if (permissions !== undefined && !/^[rwm]{1,3}$/.test(permissions)) {
      report.error(item, "bad-device", `"${permissions}" are not device permissions`, { expected: "letters of rwm" });
    }
    return [{ source, target: target ?? source, permissions: permissions ?? "rwm" }];
  });
}

function shortDevice(text: string): { source?: string; target?: string; permissions?: string } {
  const [source, second, third] = text.split(":");
  if (second !== undefined && third === undefined && /^[rwm]{1,3}$/.test(second)) {
    return compact({ source, permissions: second });
  }
  return compact({ source, target: second, permissions: third });
}
