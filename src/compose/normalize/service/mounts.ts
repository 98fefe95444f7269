/** Expands `volumes` and `tmpfs` of a service. Pure. Compose Specification, "volumes". */
import { posix } from "node:path";
import { didYouMean } from "../../did-you-mean.js";
import type { MountSpec } from "../../project.js";
import { child, itemPath, itemsOf, type MapTree, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import {
  absolutePath,
  compact,
  readBytes,
  readFlag,
  readMembers,
  readMode,
  readText,
  readTextMap,
  readTexts,
} from "../read.js";

const propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];
const shortOptions = ["ro", "rw", "nocopy", "z", "Z", "cached", "delegated", "consistent", ...propagations];

/** The mounts of a service in file order; two at one place in the container are an error. */
export function normalizeMounts(node: Tree | undefined, tmpfs: Tree | undefined, context: Context): MountSpec[] {
  const found: MountSpec[] = [];
  const targets = new Map<string, Tree>();
  for (const item of itemsOf(node)) {
    const mount = item.kind === "map" ? longMount(item, context) : shortMount(item, context);
    if (!mount) continue;
    if (targets.has(mount.target)) reportTwice(mount.target, item, context);
    targets.set(mount.target, item);
    context.sources.set(itemPath(node?.path ?? "", found.length), item.at);
    found.push(mount);
  }
  for (const text of readTexts(tmpfs)) {
    const target = cleanTarget(text.split(":")[0] ?? "");
    if (tmpfs && targets.has(target)) reportTwice(target, tmpfs, context);
  }
  return found;
}

function reportTwice(target: string, place: Tree, { report }: Context): void {
  report.error(place, "duplicate-mount", `Two volumes are mounted at ${target}`, { hint: "Remove one of them" });
}

function shortMount(item: Tree, context: Context): MountSpec | undefined {
  const text = readText(item);
  if (text === undefined) return undefined;
  const parts = text.split(":");
  const [source, target, options = ""] = parts.length === 1 ? [undefined, parts[0] ?? ""] : parts;
  if (parts.length > 3 || target === undefined || !isTarget(target) || source === "") {
    context.report.error(item, "bad-volume", `"${text}" is not a volume`, {
      expected: "SOURCE:TARGET[:OPTIONS] with an absolute path in the container as TARGET",
      hint: target === "ro" || target === "rw" ? `Write "NAME:${source}:${target}"` : undefined,
    });
    return undefined;
  }
  const flags = readOptions(options, item, context);
  const access = [...flags].findLast((flag) => flag === "ro" || flag === "rw");
  const common = { target: cleanTarget(target), read_only: access === "ro" };
  if (source !== undefined && isPath(source)) {
    const propagation = propagations.find((name) => flags.has(name));
    const selinux = flags.has("Z") ? ("Z" as const) : flags.has("z") ? ("z" as const) : undefined;
    const bind = compact({ create_host_path: true, propagation, selinux });
    return { type: "bind", source: absolutePath(source, context), ...common, bind };
  }
  return { type: "volume", ...compact({ source }), ...common, volume: { nocopy: flags.has("nocopy") } };
}

function readOptions(text: string, item: Tree, { report }: Context): Set<string> {
  const options = text === "" ? [] : text.split(",");
  for (const option of options) {
    if (shortOptions.includes(option)) continue;
    const hint = didYouMean(option, shortOptions) ?? `Known: ${shortOptions.slice(0, 5).join(", ")}`;
    report.warn(item, "unknown-option", `Volume option "${option}" is not known and has no effect`, { hint });
  }
  return new Set(options);
}

function longMount(item: MapTree, context: Context): MountSpec | undefined {
  const { type, source, target } = readMembers(item, ["type", "source", "target"]);
  const read_only = readFlag(child(item, "read_only"), context) ?? false;
  if (type === "npipe" || type === "cluster") {
    context.report.error(child(item, "type") ?? item, "not-supported", `Volumes of type ${type} are not supported`);
    return undefined;
  }
  if (target === undefined || !isTarget(target)) {
    const details = { expected: "an absolute path in the container" };
    const message = target === undefined ? "This volume has no target" : `Target "${target}" is not an absolute path`;
    context.report.error(child(item, "target") ?? item, "bad-volume", message, details);
    return undefined;
  }
  const consistency = readText(child(item, "consistency"));
  const common = { target: cleanTarget(target), read_only, ...compact({ consistency }) };
  switch (type) {
    case "bind":
      if (!source) {
        context.report.error(item, "bad-volume", "A bind mount needs a source", { expected: "a path on the host" });
        return undefined;
      }
      return {
        type,
        source: absolutePath(source, context),
        ...common,
        bind: bindOptions(child(item, "bind"), context),
      };
    case "tmpfs": {
      const options = child(item, "tmpfs");
      const size = readBytes(child(options, "size"), context);
      const mode = readMode(child(options, "mode"), context);
      return { type, ...common, tmpfs: compact({ size, mode }) };
    }
    case "image": {
      const subpath = readText(child(child(item, "image"), "subpath"));
      return { type, ...compact({ source }), ...common, ...(subpath ? { image: { subpath } } : {}) };
    }
    case "volume": {
      const options = child(item, "volume");
      const nocopy = readFlag(child(options, "nocopy"), context) ?? false;
      const subpath = readText(child(options, "subpath"));
      const labels = child(options, "labels") && readTextMap(child(options, "labels"));
      const volume = compact({ nocopy, subpath, labels });
      return { type, ...compact({ source: source || undefined }), ...common, volume };
    }
    default:
      return undefined; // the schema reported the type
  }
}

function bindOptions(node: Tree | undefined, context: Context): NonNullable<MountSpec["bind"]> {
  const { propagation, selinux, recursive } = readMembers(node, ["propagation", "selinux", "recursive"]);
  const place = child(node, "propagation");
  if (place && propagation && !propagations.includes(propagation)) {
    const hint = didYouMean(propagation, propagations);
    const expected = `one of ${propagations.join(", ")}`;
    context.report.error(place, "bad-value", `"${propagation}" is not a mount propagation`, { expected, hint });
  }
  return compact<NonNullable<MountSpec["bind"]>>({
    create_host_path: readFlag(child(node, "create_host_path"), context) ?? true,
    propagation,
    selinux: selinux === "z" || selinux === "Z" ? selinux : undefined,
    recursive,
  });
}

function isPath(source: string): boolean {
  return /^[./~]/.test(source);
}

function isTarget(target: string): boolean {
  return target.startsWith("/") && !target.includes("\0");
}

/** The path without `.`, doubled or trailing slashes. */
export function cleanTarget(target: string): string {
  return posix.normalize(target).replace(/(.)\/$/, "$1");
}
