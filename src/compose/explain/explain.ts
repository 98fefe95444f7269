/**
 * Tells where a value of the project was written, by which files, with which variables; or why it is what it is when no
 * file wrote it.
 *
 * Pure. Paths are those of the canonical model, as `config` prints it.
 */
import { basename } from "node:path";
import type { SourceLocation } from "../../base/diagnostic.js";
import { projectToConfig } from "../canonical/project-to-config.js";
import { type Project, placeKey, type VariableUse } from "../project.js";
import { normalizeProjectName } from "../select/project-name.js";
import { itemPath, memberPath, type Tree } from "../tree.js";
import { findKeys, type Key, memberOf, printKeys } from "./find-keys.js";
import { follow, isBareKey } from "./follow.js";
import { type Origin, shortFormOrigin, unwrittenOrigin } from "./unwritten.js";

/** One place that wrote a value: `text` is what stood there once variables were replaced, when the load kept it. */
export interface Writing {
  readonly source: SourceLocation;
  readonly text?: string;
  readonly variables: readonly VariableUse[];
}
export interface Explanation {
  /** The path asked for; or the nearest one around it that files wrote, when the model has no such value. */
  readonly path: string;
  /** Of a scalar, or an empty collection; undefined for what has members, which explain themselves. */
  readonly value?: unknown;
  /** In the order of the layers, the one in use last. Of a default or derived value: what stands around it. */
  readonly writings: readonly Writing[];
  readonly origin: Origin;
}

/**
 * Undefined when the model has no such value and no file wrote anything around it below the top level. `config` is the
 * canonical model, for who explains many values of one project.
 */
export function explain(
  project: Project,
  asked: string,
  config: unknown = projectToConfig(project, { rawDollars: true }),
): Explanation | undefined {
  const keys = findKeys(config, asked);
  if (!keys || keys.length === 0) return nearest(project, asked);
  const found = keys.reduce<unknown>(memberOf, config);
  const value = isLeaf(found) ? { value: found } : {};
  return { path: printKeys(keys), ...value, ...chainOf(project, keys, found) };
}

type Chain = Pick<Explanation, "writings" | "origin">;

function chainOf(project: Project, keys: readonly Key[], value: unknown): Chain {
  const { provenance, sources } = project;
  if (keys.length === 1 && keys[0] === "name") return nameChain(project);
  if (!provenance) return { writings: writingsOf(project, sources.get(flatPath(keys))), origin: { kind: "written" } };
  const { node, rest } = follow(provenance.model, keys, sources);
  if (rest.length > 0 && (node.kind !== "scalar" || node.value === null)) return absentChain(project, keys, node);
  const writings = isPair(keys)
    ? writingsOf(project, sources.get(flatPath(keys)) ?? node.at, flatPath(keys))
    : writingsOf(project, node.at);
  const text = writings.at(-1)?.text ?? (node.kind === "scalar" ? node.text : "");
  if (rest.length > 0) return { writings, origin: shortFormOrigin(keys, text) };
  const key = keys.at(-1);
  // An included file's bare keys have their values already.
  const isBare = isBareKey(node, key) || (isPair(keys) && text !== value && (text === key || text === ""));
  if (isBare && value !== null && value !== "") return bareChain(project, String(key), writings);
  // A list of names that was merged with a mapping became one itself, with the condition that the list means.
  const isMeant =
    (keys.at(-1) === "condition" && keys[2] === "depends_on" && text !== value) ||
    (keys.at(-1) === "external" && node.kind === "map");
  return { writings, origin: (isMeant ? unwrittenOrigin(keys) : undefined) ?? { kind: "written" } };
}

/** No tree has them: env and label files are read after the merge, attributes imply others, the rest is default. */
function absentChain(project: Project, keys: readonly Key[], node: Tree): Chain {
  for (let length = keys.length; flatPath(keys.slice(0, length)).length > node.path.length; length -= 1) {
    const places = project.sources.get(flatPath(keys.slice(0, length)));
    if (!places || places.length === 0) continue;
    const origin = length === keys.length && isPair(keys) ? { kind: "written" as const } : unwrittenOrigin(keys);
    return { writings: writingsOf(project, places, flatPath(keys)), origin: origin ?? around(node) };
  }
  const isRoot = node.path === "" || !node.path.includes(".");
  return { writings: isRoot ? [] : writingsOf(project, node.at), origin: unwrittenOrigin(keys) ?? around(node) };
}

function around({ path }: Tree): Origin {
  return { kind: "derived", note: `derived from the values around it, ${path}` };
}

/** A key without a value takes the environment's. */
function bareChain(project: Project, name: string, writings: readonly Writing[]): Chain {
  const use: VariableUse = { name, from: project.provenance?.variablePlaces.get(name) ?? "process" };
  const last = writings.at(-1);
  const origin: Origin = { kind: "environment", note: `the value of ${name} in the environment` };
  if (!last) return { writings: [], origin };
  const variables = last.variables.length > 0 ? last.variables : [use];
  return { writings: [...writings.slice(0, -1), { ...last, variables }], origin };
}

/** The command line and the environment win over the file, the file over the folder. */
function nameChain(project: Project): Chain {
  const { model, variablePlaces } = project.provenance ?? {};
  const node = model && follow(model, ["name"], project.sources);
  const writings = node && node.rest.length === 0 ? writingsOf(project, node.node.at) : [];
  const written = writings.at(-1)?.text;
  if (written !== undefined && normalizeProjectName(written) === project.name) {
    return { writings, origin: { kind: "written" } };
  }
  const place = variablePlaces?.get("COMPOSE_PROJECT_NAME");
  if (place) return { writings: [...writings, ...writingsOf(project, [place])], origin: { kind: "environment" } };
  const isFolder = normalizeProjectName(basename(project.workingDir)) === project.name;
  const source = isFolder && writings.length === 0 ? "the project directory" : "--project-name or COMPOSE_PROJECT_NAME";
  return { writings, origin: { kind: "derived", note: `derived from ${source}` } };
}

/** What the model does not have, files may still say something around. */
function nearest(project: Project, asked: string): Explanation | undefined {
  for (let path = asked; path !== ""; path = parentOf(path)) {
    const writings = writingsOf(project, project.sources.get(path));
    if (writings.length === 0) continue;
    const note = `${asked} is not in the model; this is what stands around it`;
    return { path, writings, origin: path === asked ? { kind: "written" } : { kind: "unset", note } };
  }
  return undefined;
}

/** Env and label files say at one place what each service reads there, so that `path` must tell which one does. */
function writingsOf(
  { provenance, variableUses }: Project,
  places: readonly SourceLocation[] = [],
  path?: string,
): Writing[] {
  const once = new Map(places.map((place) => [placeKey(place), place]));
  return [...once].map(([key, source]) => {
    const text = provenance?.texts?.get(`${path} ${key}`) ?? provenance?.texts?.get(key);
    return { source, ...(text === undefined ? {} : { text }), variables: variableUses?.get(key) ?? [] };
  });
}

/** Keys whose values files of `KEY=VALUE` lines give too. */
function isPair(keys: readonly Key[]): boolean {
  return keys.length === 4 && keys[0] === "services" && (keys[2] === "environment" || keys[2] === "labels");
}

function isLeaf(value: unknown): boolean {
  return typeof value !== "object" || value === null || Object.keys(value).length === 0;
}

/** The path as the tree writes it, where a dot in a name is a dot. */
function flatPath(keys: readonly Key[]): string {
  return keys.reduce<string>(
    (path, key) => (typeof key === "number" ? itemPath(path, key) : memberPath(path, key)),
    "",
  );
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("."), path.lastIndexOf("[")));
}
