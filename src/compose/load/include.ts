/** Copies the models of `include`d files under the model that includes them. Compose Specification, "Include". */
import { dirname, resolve } from "node:path";
import type { Variables } from "../interpolate/interpolate-tree.js";
import { mergeFiles } from "../merge/merge.js";
import { resolveModelPaths } from "../merge/resolve-paths.js";
import { readText, readTexts } from "../normalize/read.js";
import { placeKey } from "../project.js";
import {
  child,
  isNull,
  itemsOf,
  type MapTree,
  mapEntries,
  scalarLike,
  type Tree,
  withEntry,
  withoutEntry,
} from "../tree.js";
import { defaultEnvFile, loadEnvFiles, type VariablePlaces } from "./environment.js";
import { type ReadContext, readModel } from "./read-model.js";
import { isRemote } from "./remote-files.js";

const resourceKeys = ["services", "networks", "volumes", "configs", "secrets", "models"];
/** Deeper than projects are composed by people; it also bounds what a hostile file can make us read. */
const maxDepth = 20;

/** The document without `include`, what it includes below it: the including file's definitions win. */
export function applyIncludes(document: MapTree, context: ReadContext): MapTree {
  const node = child(document, "include");
  if (!node) return document;
  let included: Tree | undefined;
  for (const entry of itemsOf(node)) {
    const model = includeEntry(entry, context);
    if (model) included = included ? mergeFiles(model, included, context.report) : model;
  }
  const own = withoutEntry(document, "include");
  const merged = included ? mergeFiles(included, own, context.report) : own;
  return merged.kind === "map" ? merged : own;
}

function includeEntry(entry: Tree, context: ReadContext): Tree | undefined {
  const { report, directory, remotes } = context;
  const paths = readTexts(entry.kind === "map" ? child(entry, "path") : entry);
  const files = paths.flatMap((path) =>
    isRemote(path) ? (remotes.locate(path, entry, report) ?? []) : resolve(directory, path),
  );
  const [first] = files;
  if (first === undefined || files.length < paths.length) return undefined;
  if (context.including.some((file) => files.includes(file)) || context.including.length > maxDepth) {
    const chain = [...context.including, first].join(" → ");
    report.error(entry, "include-cycle", `Files include each other: ${chain}`);
    return undefined;
  }
  const folder = readText(child(entry, "project_directory"));
  const subDirectory = folder ? resolve(directory, folder) : dirname(first);
  const sub = subContext(entry, subDirectory, files, context);
  const model = readModel(files, sub, entry);
  if (model?.kind !== "map") return undefined;
  return resolveModelPaths(withBareVariables(onlyResources(model), sub.variables), subDirectory);
}

/** Bare keys of `environment` take the included project's values: outside of it they are not known. */
function withBareVariables(model: MapTree, { values, places, uses }: Variables): MapTree {
  const value = (name: string, { at }: Tree) => {
    if (!Object.hasOwn(values, name)) return undefined;
    const place = at.at(-1);
    if (place) uses?.set(placeKey(place), [{ name, from: places?.get(name) ?? "process" }]);
    return values[name];
  };
  const inList = (item: Tree): Tree => {
    const known = item.kind === "scalar" ? value(item.text, item) : undefined;
    return known === undefined || item.kind !== "scalar" ? item : scalarLike(item, `${item.text}=${known}`);
  };
  const inMap = (node: Tree, name: string): Tree => (isNull(node) ? scalarLike(node, value(name, node) ?? null) : node);
  const services = child(model, "services");
  if (services?.kind !== "map") return model;
  const complete = mapEntries(services, (service) => {
    const environment = child(service, "environment");
    if (service.kind !== "map" || !environment || environment.kind === "scalar") return service;
    const resolved: Tree =
      environment.kind === "map"
        ? mapEntries(environment, inMap)
        : { ...environment, items: environment.items.map(inList) };
    return withEntry(service, "environment", resolved);
  });
  return withEntry(model, "services", complete);
}

/** The included project's own environment: the including one's wins over its env files. */
function subContext(entry: Tree, directory: string, files: readonly string[], context: ReadContext): ReadContext {
  const given = readTexts(child(entry, "env_file")).map((path) => resolve(context.directory, path));
  const isDefault = given.length === 0;
  const readable = given.filter((path) => path === "/dev/null" || context.remotes.mayRead(path, entry, context.report));
  const envFiles = isDefault ? [defaultEnvFile(directory)] : readable.filter((path) => path !== "/dev/null");
  const places: VariablePlaces = new Map(context.variables.places);
  const values = loadEnvFiles(context.variables.values, envFiles, { isDefault, places }, context.report);
  return {
    ...context,
    directory,
    variables: { ...context.variables, values, places },
    including: [...context.including, ...files],
  };
}

function onlyResources(model: MapTree): MapTree {
  return { ...model, entries: new Map([...model.entries].filter(([key]) => resourceKeys.includes(key))) };
}
