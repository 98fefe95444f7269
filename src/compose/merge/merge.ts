/**
 * Merges a later Compose file onto earlier ones.
 *
 * Pure. Mappings merge by key, lists append, scalars replace, except where a rule says otherwise; `!reset` drops what
 * was there, `!override` replaces it. Every value keeps the places of all files that wrote it.
 *
 * @see Compose Specification, "Merge"
 */
import type { Report } from "../report.js";
import {
  isNull,
  itemPath,
  type ListTree,
  type MapEntry,
  type MapTree,
  mapEntries,
  memberPath,
  scalarLike,
  type Tree,
  withPath,
} from "../tree.js";
import { entryKey, type MergeRule, mergeRule } from "./merge-rules.js";

/** The accumulated model with `later` on top. The paths follow the result. */
export function mergeFiles(earlier: Tree | undefined, later: Tree, report: Report): Tree {
  return earlier ? merge(earlier, later, [], report) : withoutTags(later);
}

/** A subtree with another on top. `keys` lead to it: `["services", "web"]` for a service. */
export function merge(earlier: Tree, over: Tree, keys: readonly string[], report: Report): Tree {
  const path = keys.join(".");
  const base = withPath(earlier, path); // a service that is extended comes with another path
  if (over.tag === "override") return withPath(withoutTags(over), path);
  const rule = mergeRule(keys);
  if (isNull(over) && rule !== "replace" && !isBareKey(keys)) return base;
  if (isNull(base) || rule === "replace") return withPath(withoutTags(placed(base, over)), path);
  const [left, right] = [prepare(base, rule), prepare(over, rule)];
  if (left.kind === "map" && right.kind === "map") {
    if (rule === "logging" && differentDrivers(left, right)) return placed(left, withoutTags(right));
    return mergeMaps(left, right, keys, report);
  }
  if (left.kind === "list" && right.kind === "list") {
    return rule === "pools" ? mergePools(left, right, keys, report) : appendLists(left, right, keys);
  }
  if (left.kind === right.kind) return withPath(placed(base, over), path);
  report.error(over, "cannot-merge", `${path} cannot be merged: the earlier file has a different kind of value`, {
    hint: "Write it the same way in both files, or put !override before the value",
  });
  return base;
}

/** `KEY` without a value says "take the environment's", which replaces what earlier files said. */
function isBareKey(keys: readonly string[]): boolean {
  return mergeRule(keys.slice(0, -1)) === "key-values";
}

function mergeMaps(base: MapTree, over: MapTree, keys: readonly string[], report: Report): MapTree {
  const path = keys.join(".");
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    if (entry.value.tag === "reset") {
      entries.delete(key);
      continue;
    }
    const before = entries.get(key);
    const memberAt = memberPath(path, key);
    const value = before
      ? merge(before.value, entry.value, [...keys, key], report)
      : withPath(withoutTags(entry.value), memberAt);
    entries.set(key, { keyAt: entry.keyAt, value });
  }
  return { ...base, path, entries, at: [...base.at, ...over.at] };
}

/** Later items whose key stands in the list already replace that item in place; the others follow. */
function appendLists(base: ListTree, over: ListTree, keys: readonly string[]): ListTree {
  const path = keys.join(".");
  const items: Tree[] = [];
  const positions = new Map<string, number>();
  for (const item of [...base.items, ...over.items].filter(isKept)) {
    const key = entryKey(keys, item);
    const position = key === undefined ? undefined : positions.get(key);
    const replaced = position === undefined ? undefined : items[position];
    if (position !== undefined && replaced) items[position] = placed(replaced, item);
    else {
      if (key !== undefined) positions.set(key, items.length);
      items.push(item);
    }
  }
  return {
    ...base,
    path,
    at: [...base.at, ...over.at],
    items: items.map((item, at) => withPath(item, itemPath(path, at))),
  };
}

/** Address pools of one subnet are one pool; others follow. */
function mergePools(base: ListTree, over: ListTree, keys: readonly string[], report: Report): ListTree {
  const path = keys.join(".");
  const items = [...base.items];
  for (const pool of over.items) {
    const at = items.findIndex((one) => poolKey(one) !== undefined && poolKey(one) === poolKey(pool));
    const before = items[at];
    if (before) items[at] = merge(before, pool, [...keys, String(at)], report);
    else items.push(withoutTags(pool));
  }
  const placedItems = items.map((item, at) => withPath(item, itemPath(path, at)));
  return { ...base, path, at: [...base.at, ...over.at], items: placedItems };
}

function poolKey(pool: Tree): unknown {
  const subnet = pool.kind === "map" ? pool.entries.get("subnet")?.value : undefined;
  return subnet?.kind === "scalar" ? subnet.value : undefined;
}

/** Items of every keyed list once: what stands later takes the place of what stood before, in one file too. */
export function withoutDuplicates(node: Tree, report: Report, keys: readonly string[] = []): Tree {
  if (node.kind === "map") {
    if (keys.length === 1 && keys[0] !== "services") return node;
    return mapEntries(node, (value, key) => withoutDuplicates(value, report, [...keys, key]));
  }
  if (node.kind !== "list" || keys[0] !== "services") return node;
  const once = appendLists({ ...node, items: [] }, { ...node, at: [] }, keys);
  if (once.items.length < node.items.length && keys.at(-1) === "volumes") {
    const places = new Set(once.items.map((kept) => kept.at.at(-1)));
    const lost = node.items.find((item) => !places.has(item.at.at(-1)));
    report.warn(
      lost ?? node,
      "duplicate-mount",
      "Another volume is mounted at the same place, and only that one is used",
    );
  }
  return once;
}

/** Brings the short form into the form in which two values can be merged. */
function prepare(node: Tree, rule: MergeRule): Tree {
  switch (rule) {
    case "to-map":
      return node.kind === "list" ? namesToMap(node) : node;
    case "key-values":
      return node.kind === "list" ? pairsToMap(node) : node;
    case "to-list":
      return node.kind === "scalar" ? { kind: "list", items: [node], path: node.path, at: node.at } : node;
    case "hosts":
      return node.kind === "map" ? hostsToList(node) : node;
    case "build":
      return node.kind === "scalar" ? mapOf(node, [["context", node]]) : node;
    default:
      return node;
  }
}

/** `[db, cache]` → `{db: …, cache: …}`; a dependency's entry gets the condition that the short form means. */
function namesToMap(list: ListTree): MapTree {
  const isDependency = list.path.endsWith(".depends_on");
  return mapOf(
    list,
    list.items.map((item): [string, Tree] => {
      const name = item.kind === "scalar" ? String(item.value) : "";
      const value = isDependency
        ? mapOf(item, [["condition", scalarLike(item, "service_started")]])
        : scalarLike(item, null);
      return [name, value];
    }),
  );
}

/** Compose has no way to reset one item: such an item says nothing. */
function isKept(item: Tree): boolean {
  return item.tag !== "reset";
}

function pairsToMap(list: ListTree): MapTree {
  return mapOf(
    list,
    list.items.filter(isKept).map((item): [string, Tree] => {
      const text = item.kind === "scalar" ? String(item.value) : "";
      const equals = text.indexOf("=");
      return equals < 0
        ? [text, scalarLike(item, null)]
        : [text.slice(0, equals), scalarLike(item, text.slice(equals + 1))];
    }),
  );
}

function hostsToList(map: MapTree): ListTree {
  const items = [...map.entries].flatMap(([host, { value }]) =>
    (value.kind === "list" ? value.items : [value]).flatMap((address) =>
      address.kind === "scalar" ? [scalarLike(address, `${host}=${address.value}`)] : [],
    ),
  );
  return { kind: "list", items, path: map.path, at: map.at };
}

function mapOf(like: Tree, members: ReadonlyArray<readonly [string, Tree]>): MapTree {
  const keyAt = like.at.at(-1) ?? { file: "", line: 1, column: 1 };
  const entries = new Map<string, MapEntry>();
  for (const [key, value] of members) {
    entries.set(key, { keyAt: value.at.at(-1) ?? keyAt, value: withPath(value, memberPath(like.path, key)) });
  }
  return { kind: "map", entries, path: like.path, at: like.at };
}

function differentDrivers(left: MapTree, right: MapTree): boolean {
  const [a, b] = [left, right].map((node) => node.entries.get("driver")?.value);
  return a?.kind === "scalar" && b?.kind === "scalar" && a.value !== b.value;
}

function placed<T extends Tree>(base: Tree, over: T): T {
  return { ...over, at: [...base.at, ...over.at] };
}

/** Tags have done their work; a reset value contributes nothing. */
export function withoutTags(node: Tree): Tree {
  if (!hasTags(node)) return node;
  const { tag: _tag, ...bare } = node;
  if (bare.kind === "scalar") return bare;
  if (bare.kind === "list") return { ...bare, items: bare.items.filter(isKept).map(withoutTags) };
  const kept = [...bare.entries].filter(([, entry]) => isKept(entry.value));
  return {
    ...bare,
    entries: new Map(kept.map(([key, entry]) => [key, { ...entry, value: withoutTags(entry.value) }])),
  };
}

/** Nearly every file has none, and copying a large tree takes as long as merging it. */
function hasTags(node: Tree): boolean {
  if (node.tag) return true;
  if (node.kind === "list") return node.items.some(hasTags);
  if (node.kind === "map") for (const entry of node.entries.values()) if (hasTags(entry.value)) return true;
  return false;
}
