/** Normalises `x-gantry` of a service. Pure. */
import type { HealSpec, ProbeSpec, ServiceExtension } from "../../extension.js";
import { child, itemsOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readDuration, readFlag, readInteger, readText } from "../read.js";

const port = { min: 1, max: 65535 };
const kinds = ["http", "tcp", "log"] as const;

/** Undefined where the service says nothing to Gantry. */
export function normalizeServiceExtension(service: Tree, context: Context): ServiceExtension | undefined {
  const node = child(service, "x-gantry");
  if (node?.kind !== "map") return undefined;
  return compact({
    drain: readDuration(child(node, "drain"), context),
    probe: normalizeProbe(child(node, "probe"), service, context),
    heal: normalizeHeal(child(node, "heal"), context),
  });
}

function normalizeProbe(node: Tree | undefined, service: Tree, context: Context): ProbeSpec | undefined {
  if (node?.kind !== "map") return undefined;
  checkProbe(node, service, context);
  return compact({
    http: normalizeHttp(child(node, "http"), context),
    tcp: readInteger(child(node, "tcp"), context, port),
    log: readPattern(child(node, "log"), context),
    interval: readDuration(child(node, "interval"), context),
    timeout: readDuration(child(node, "timeout"), context),
    start_period: readDuration(child(node, "start_period"), context),
    start_interval: readDuration(child(node, "start_interval"), context),
    retries: readInteger(child(node, "retries"), context, { min: 1 }),
  });
}

function checkProbe(node: Tree, service: Tree, { report }: Context): void {
  const given = kinds.filter((kind) => child(node, kind));
  const second = given[1] && child(node, given[1]);
  if (given.length === 0) {
    report.error(node, "missing-key", `${node.path} says nothing to probe`, { expected: "one of http, tcp and log" });
  } else if (second) {
    const hint = "Remove one of them";
    report.error(second, "conflicting-keys", `${node.path} has both ${given[0]} and ${given[1]}`, { hint });
  }
  if (!child(service, "healthcheck")) return;
  report.error(node, "conflicting-keys", `${service.path} has both healthcheck and x-gantry.probe`, {
    hint: "A container has one health: remove one of them",
  });
}

function normalizeHttp(node: Tree | undefined, context: Context): ProbeSpec["http"] | undefined {
  if (node?.kind !== "map") return undefined;
  const scheme = readText(child(node, "scheme"));
  const schemes = { http: "http", https: "https" } as const;
  const path = child(node, "path");
  const pathText = readText(path);
  if (path && pathText !== undefined && !/^\/[\x21-\x7e]*$/.test(pathText)) {
    context.report.error(path, "bad-value", `${path.path} is not a path of a URL`, {
      expected: "a path such as /health",
    });
  }
  const status = child(node, "status");
  const codes = status?.kind === "list" ? itemsOf(status) : status ? [status] : [];
  return compact({
    port: readInteger(child(node, "port"), context, port) ?? 0,
    path: pathText,
    scheme: scheme === "http" || scheme === "https" ? schemes[scheme] : undefined,
    status: codes.flatMap((one) => readInteger(one, context, { min: 100, max: 599 }) ?? []),
  });
}

function readPattern(node: Tree | undefined, { report }: Context): string | undefined {
  const text = readText(node);
  if (!node || text === undefined) return undefined;
  try {
    new RegExp(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : "it cannot be read";
    report.error(node, "bad-value", `${node.path} is not a regular expression: ${why}`, {
      expected: "an ECMAScript pattern, such as ready to accept connections",
    });
  }
  return text;
}

/** `true` takes every default, `false` is as if it were not there. */
function normalizeHeal(node: Tree | undefined, context: Context): HealSpec | undefined {
  if (!node) return undefined;
  if (node.kind !== "map") return readFlag(node, context) ? {} : undefined;
  return compact({
    after: readDuration(child(node, "after"), context),
    attempts: readInteger(child(node, "attempts"), context, { min: 1 }),
    window: readDuration(child(node, "window"), context),
  });
}
