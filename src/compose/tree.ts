/**
 * A Compose file as a tree in which every value remembers its path and all the places that wrote it.
 *
 * Pure. `load/` makes trees from YAML; interpolation, merge and normalisation take trees, so a place is never lost.
 */
import type { SourceLocation } from "../base/diagnostic.js";

export type Scalar = string | number | boolean | null;

/**
 * What every node has. `path` is the field as people write it (`services.web.ports[0]`, empty for the root). `at` are
 * the places that wrote it, the last one won. `tag` asks the merge to drop (`reset`) or to replace (`override`) what
 * earlier files said.
 */
interface Node {
  readonly path: string;
  readonly at: readonly SourceLocation[];
  readonly tag?: "reset" | "override";
}

/** `text` is the value as written, for numbers that lose their spelling (`0440`, `1.10`). */
export interface ScalarTree extends Node {
  readonly kind: "scalar";
  readonly value: Scalar;
  readonly text: string;
}
export interface ListTree extends Node {
  readonly kind: "list";
  readonly items: readonly Tree[];
}
export interface MapTree extends Node {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
}
/** A value and the place of its key. */
export interface MapEntry {
  readonly keyAt: SourceLocation;
  readonly value: Tree;
}
export type Tree = ScalarTree | ListTree | MapTree;

/** The path of a member: `services` + `web` → `services.web`. */
export function memberPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** The path of an item: `ports` + 0 → `ports[0]`. */
export function itemPath(path: string, index: number): string {
  return `${path}[${index}]`;
}

/** The value under `key`; undefined when the node is not a map, has no such key, or its value is null. */
export function child(node: Tree | undefined, key: string): Tree | undefined {
  if (node?.kind !== "map") return undefined;
  const value = node.entries.get(key)?.value;
  return value && isNull(value) ? undefined : value;
}

/** The value under a chain of keys, as `child` for each. */
export function descend(node: Tree | undefined, ...keys: readonly string[]): Tree | undefined {
  return keys.reduce<Tree | undefined>(child, node);
}

export function isNull(node: Tree): boolean {
  return node.kind === "scalar" && node.value === null;
}

/** Members of a map in file order, items of a list as `undefined` keys; nothing for a scalar. */
export function membersOf(node: Tree | undefined): ReadonlyArray<readonly [string, Tree]> {
  if (node?.kind !== "map") return [];
  return [...node.entries].map(([key, entry]) => [key, entry.value] as const);
}

/** Items of a list; nothing for anything else. */
export function itemsOf(node: Tree | undefined): readonly Tree[] {
  return node?.kind === "list" ? node.items : [];
}

/** The plain JSON value, as a schema validator or `config` wants it. */
export function toPlain(node: Tree): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toPlain);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.value)]));
}

/** The node with another path, its members' paths following. */
export function withPath<T extends Tree>(node: T, path: string): T;
export function withPath(node: Tree, path: string): Tree {
  if (node.path === path) return node;
  if (node.kind === "scalar") return { ...node, path };
  if (node.kind === "list") {
    return { ...node, path, items: node.items.map((item, index) => withPath(item, itemPath(path, index))) };
  }
  return mapEntries({ ...node, path }, (value, key) => withPath(value, memberPath(path, key)));
}

/** The map with every value replaced; values for which `change` answers undefined are left out. */
export function mapEntries(node: MapTree, change: (value: Tree, key: string) => Tree | undefined): MapTree {
  const entries = new Map<string, MapEntry>();
  for (const [key, entry] of node.entries) {
    const value = change(entry.value, key);
    if (value) entries.set(key, value === entry.value ? entry : { ...entry, value });
  }
  return { ...node, entries };
}

/** The map with one value set, kept in place when the key exists. The value's path becomes the member's. */
export function withEntry(node: MapTree, key: string, value: Tree): MapTree {
  const keyAt = node.entries.get(key)?.keyAt ?? placeOf(value) ?? { file: "", line: 1, column: 1 };
  const stamped = withPath(value, memberPath(node.path, key));
  return { ...node, entries: new Map(node.entries).set(key, { keyAt, value: stamped }) };
}

/** The map without `key`. */
export function withoutEntry(node: MapTree, key: string): MapTree {
  const entries = new Map(node.entries);
  entries.delete(key);
  return { ...node, entries };
}

/** The place that won. */
export function placeOf(node: Pick<Tree, "at">): SourceLocation | undefined {
  return node.at.at(-1);
}

/** Every node's places by its path. */
export function collectSources(node: Tree, into = new Map<string, readonly SourceLocation[]>()) {
  into.set(node.path, node.at);
  if (node.kind === "list") for (const item of node.items) collectSources(item, into);
  if (node.kind === "map") for (const entry of node.entries.values()) collectSources(entry.value, into);
  return into;
}

/** A scalar made by the loader itself, written where `like` stands. */
export function scalarLike(like: Tree, value: Scalar, path = like.path): ScalarTree {
  return { kind: "scalar", value, text: String(value), path, at: like.at };
}
