/** Makes the relative paths of a tree absolute, for files that are included or extended from elsewhere. Pure. */
import { isAbsolute, resolve } from "node:path";
import { type MapTree, mapEntries, type ScalarTree, type Tree } from "../tree.js";

/** The whole model with its paths absolute. `base` is the folder that they are relative to. */
export function resolveModelPaths(model: Tree, base: string): Tree {
  return inMap(model, {
    services: (services) => eachMember(services, (service) => resolveServicePaths(service, base)),
    configs: (files) => eachMember(files, (file) => inMap(file, { file: (node) => absolute(node, base) })),
    secrets: (files) => eachMember(files, (file) => inMap(file, { file: (node) => absolute(node, base) })),
  });
}

/** One service with its paths absolute. */
export function resolveServicePaths(service: Tree, base: string): Tree {
  const path = (node: Tree) => absolute(node, base);
  const paths = (node: Tree) => (node.kind === "list" ? eachItem(node, (item) => inPathItem(item)) : path(node));
  const inPathItem = (item: Tree) => (item.kind === "map" ? inMap(item, { path }) : path(item));
  return inMap(service, {
    build: (node) => {
      if (node.kind !== "map") return path(node);
      return inMap(node, { context: path, additional_contexts: (contexts) => resolveContexts(contexts, path) });
    },
    env_file: paths,
    label_file: paths,
    volumes: (node) => eachItem(node, (item) => resolveMount(item, base)),
    develop: (node) => inMap(node, { watch: (rules) => eachItem(rules, (rule) => inMap(rule, { path })) }),
    extends: (node) => inMap(node, { file: path }),
  });
}

/** Another service's image is no path; what else is none, `path` knows. */
function resolveContexts(node: Tree, path: (value: Tree) => Tree): Tree {
  const resolved = (value: Tree) => (value.kind === "scalar" && /^service:/.test(value.text) ? value : path(value));
  if (node.kind === "map") return mapEntries(node, resolved);
  return eachItem(node, (item) => {
    const [, key = "", target = ""] = item.kind === "scalar" ? (/^([^=]*)=(.*)$/.exec(item.text) ?? []) : [];
    if (item.kind !== "scalar" || target === "") return item;
    const value = resolved(withValue(item, target));
    return value.kind === "scalar" ? withValue(item, `${key}=${value.text}`) : item;
  });
}

function resolveMount(item: Tree, base: string): Tree {
  if (item.kind === "map") {
    const type = item.entries.get("type")?.value;
    const isBind = type?.kind === "scalar" && type.value === "bind";
    return isBind ? inMap(item, { source: (node) => absolute(node, base) }) : item;
  }
  if (item.kind !== "scalar" || !/^\.[^:]*:/.test(String(item.value))) return item;
  const text = String(item.value);
  const colon = text.indexOf(":");
  return withValue(item, resolve(base, text.slice(0, colon)) + text.slice(colon));
}

/** Home directories and remote contexts stay as they are. */
function absolute(node: Tree, base: string): Tree {
  if (node.kind !== "scalar" || typeof node.value !== "string" || node.value === "") return node;
  if (isAbsolute(node.value) || /^(~|[a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/)/.test(node.value)) return node;
  return withValue(node, resolve(base, node.value));
}

function withValue(node: ScalarTree, value: string): ScalarTree {
  return { ...node, value, text: value };
}

function inMap(node: Tree, changes: Readonly<Record<string, (value: Tree) => Tree>>): Tree {
  if (node.kind !== "map") return node;
  return mapEntries(node, (value, key) => (Object.hasOwn(changes, key) ? (changes[key]?.(value) ?? value) : value));
}

function eachMember(node: Tree, change: (value: Tree) => Tree): Tree {
  return node.kind === "map" ? mapEntries(node as MapTree, change) : node;
}

function eachItem(node: Tree, change: (item: Tree) => Tree): Tree {
  return node.kind === "list" ? { ...node, items: node.items.map(change) } : node;
}
