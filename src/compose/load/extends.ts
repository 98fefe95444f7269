/** Puts the service that another one `extends` below it. Compose Specification, "extends". */
import { resolve } from "node:path";
import { didYouMean } from "../did-you-mean.js";
import { merge } from "../merge/merge.js";
import { resolveServicePaths } from "../merge/resolve-paths.js";
import { readText } from "../normalize/read.js";
import { child, descend, type MapTree, mapEntries, membersOf, type Tree, withEntry, withoutEntry } from "../tree.js";
import { folderOf, type ReadContext, readDocuments } from "./read-model.js";
import { isRemote } from "./remote-files.js";

/** A file whose services may be extended, and the model that stood before it. */
interface Scope {
  readonly file: string;
  readonly model: Tree | undefined;
  readonly context: ReadContext;
}
/** What one document's services share: each service is completed once, each other file read once. */
interface Work {
  readonly complete: Map<string, Tree>;
  readonly documents: Map<string, MapTree | undefined>;
  nodes: number;
}
interface Place {
  readonly document: MapTree;
  readonly scope: Scope;
  /** The services being extended, as `file: service`, to see a cycle. */
  readonly chain: readonly string[];
  /** True below a service of another file: relative paths are that file's. */
  readonly isForeign: boolean;
  readonly work: Work;
}

/** Longer than people chain services; it bounds the recursion. */
const maxChain = 100;
/** What the services of a file may grow to: each that extends another one repeats it. */
const maxNodes = 1_000_000;

/** The document with every service complete and `extends` gone. */
export function applyExtends(document: MapTree, scope: Scope): MapTree {
  const services = child(document, "services");
  if (services?.kind !== "map" || !membersOf(services).some(([, service]) => child(service, "extends")))
    return document;
  const work: Work = { complete: new Map(), documents: new Map(), nodes: 0 };
  const place: Place = { document, scope, chain: [], isForeign: false, work };
  const complete = mapEntries(services, (service, name) => extended(name, service, place));
  return withEntry(document, "services", complete);
}

function extended(name: string, service: Tree, place: Place): Tree {
  const node = child(service, "extends");
  if (!node || service.kind !== "map") return service;
  const { scope, work } = place;
  const key = `${place.isForeign ? scope.file : ""}\0${name}`;
  const known = work.complete.get(key);
  if (known) return known;
  const own = withoutEntry(service, "extends");
  const base = work.nodes > maxNodes ? undefined : findBase(name, node, place);
  const result = base?.kind === "map" ? merge(base, own, ["services", name], scope.context.report) : own;
  if (work.nodes <= maxNodes) {
    work.nodes += countNodes(result);
    if (work.nodes > maxNodes) {
      scope.context.report.error(node, "too-many-nodes", `More than ${maxNodes} values after extending services`);
    }
  }
  work.complete.set(key, result);
  return result;
}

function findBase(name: string, node: Tree, place: Place): Tree | undefined {
  const { scope, chain, work } = place;
  const { file, context } = scope;
  const { report } = context;
  const target = readText(node.kind === "map" ? child(node, "service") : node) ?? "";
  const fileText = readText(child(node, "file"));
  const step = `${file}: ${name}`;
  if (chain.includes(step)) {
    report.error(node, "extends-cycle", `Services extend each other: ${[...chain, step].join(" → ")}`);
    return undefined;
  }
  if (chain.length >= maxChain) {
    report.error(node, "nesting-too-deep", `More than ${maxChain} services extend each other in a row`);
    return undefined;
  }
  const otherFile = fileText === undefined ? file : fileNamed(fileText, child(node, "file") ?? node, context);
  if (otherFile === undefined) return undefined;
  const isElsewhere = otherFile !== file;
  const other = isElsewhere ? otherDocument(otherFile, child(node, "file") ?? node, place) : place.document;
  if (!other) return undefined;
  const base =
    descend(other, "services", target) ?? (isElsewhere ? undefined : descend(scope.model, "services", target));
  if (!base) {
    const known = membersOf(child(other, "services")).map(([key]) => key);
    const message = `Service "${target}" to extend is not defined${isElsewhere ? ` in ${fileText}` : ""}`;
    report.error(child(node, "service") ?? node, "undefined-service", message, { hint: didYouMean(target, known) });
    return undefined;
  }
  const folder = folderOf(otherFile, context);
  const isForeign = place.isForeign || isElsewhere;
  const placed = isForeign ? resolveServicePaths(base, folder) : base;
  const nested = isElsewhere
    ? { file: otherFile, model: undefined, context: { ...context, directory: folder } }
    : scope;
  return extended(target, placed, { document: other, scope: nested, chain: [...chain, step], isForeign, work });
}

/** Undefined for one elsewhere that has yet to come, or that cannot be had. */
function fileNamed(text: string, asked: Tree, { directory, remotes, report }: ReadContext): string | undefined {
  return isRemote(text) ? remotes.locate(text, asked, report) : resolve(directory, text);
}

function otherDocument(file: string, asked: Tree, { scope, work }: Place): MapTree | undefined {
  if (!work.documents.has(file)) work.documents.set(file, readDocuments(file, scope.context, asked)[0]);
  return work.documents.get(file);
}

function countNodes(node: Tree): number {
  let nodes = 1;
  if (node.kind === "list") for (const item of node.items) nodes += countNodes(item);
  if (node.kind === "map") for (const entry of node.entries.values()) nodes += countNodes(entry.value);
  return nodes;
}
