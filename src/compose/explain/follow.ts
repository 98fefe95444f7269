/** Follows the path of a canonical value through the merged tree, as far as the files wrote it. Pure. */
import type { SourceLocation } from "../../base/diagnostic.js";
import { isNull, itemPath, itemsOf, membersOf, type Tree } from "../tree.js";
import type { Key } from "./find-keys.js";

/** The deepest node on the way, and the keys that remain: none when the files wrote the value in its own place. */
export interface Followed {
  readonly node: Tree;
  readonly rest: readonly Key[];
}

type Sources = ReadonlyMap<string, readonly SourceLocation[]>;

/** `sources` tell which item of the files an item that was moved or expanded stands for. */
export function follow(node: Tree, keys: readonly Key[], sources: Sources): Followed {
  const [key, ...rest] = keys;
  if (key === undefined) return { node, rest: [] };
  const next = typeof key === "number" ? itemAt(node, key, sources) : memberAt(node, key);
  return next ? follow(next, rest, sources) : { node, rest: keys };
}

/** Lists of names and of `KEY=VALUE` are mappings too. The last of several wins. */
function memberAt(node: Tree, key: string): Tree | undefined {
  if (node.kind === "map") return node.entries.get(key)?.value;
  return itemsOf(node).findLast((item) => {
    const text = item.kind === "scalar" ? String(item.value) : "";
    return text === key || text.startsWith(`${key}=`);
  });
}

function itemAt(node: Tree, index: number, sources: Sources): Tree | undefined {
  const places = sources.get(itemPath(node.path, index));
  const members = membersOf(node).map(([, value]) => value);
  const all = node.kind === "map" ? members.flatMap((value) => [value, ...itemsOf(value)]) : itemsOf(node);
  return all.find((item) => item.at === places) ?? (node.kind === "map" ? members : itemsOf(node))[index];
}

/** True for a key without a value, in either form: its value is the environment's. */
export function isBareKey(node: Tree, key: Key | undefined): boolean {
  return isNull(node) || (node.kind === "scalar" && node.path.endsWith("]") && node.value === key);
}
