/** Puts the service that another one `extends` below it. Compose Specification, "extends". */
import { resolve } from "node:path";
import { didYouMean } from "../did-you-mean.js";
import { merge } from "../merge/merge.js";
import { resolveServicePaths } from "../merge/resolve-paths.js";
import { readText } from "../normalize/read.js";
import { child, descend, type MapTree, mapEntries, membersOf, type Tree, withEntry, withoutEntry } from "../tree.js";
import { folderOf, type ReadContext, readDocuments } from "./read-model.js";

/** A file whose services may be extended, and the model that stood before it. */
interface Scope {
  readonly file: string;
  readonly model: Tree | undefined;
  readonly context: ReadContext;
}
interface Place {
  readonly document: MapTree;
  readonly scope: Scope;
  /** The services being extended, as `file: service`, to see a cycle. */
  readonly chain: readonly string[];
}

/** The document with every service complete and `extends` gone. */
export function applyExtends(document: MapTree, scope: Scope): MapTree {
  const services = child(document, "services");
  if (services?.kind !== "map" || !membersOf(services).some(([, service]) => child(service, "extends")))
    return document;
  const complete = mapEntries(services, (service, name) => extended(name, service, { document, scope, chain: [] }));
  return withEntry(document, "services", complete);
}

function extended(name: string, service: Tree, place: Place): Tree {
  const node = child(service, "extends");
  if (!node || service.kind !== "map") return service;
  const own = withoutEntry(service, "extends");
  const base = findBase(name, node, place);
  if (base?.kind !== "map") return own;
  return merge(base, own, ["services", name], place.scope.context.report);
}

function findBase(name: string, node: Tree, { document, scope, chain }: Place): Tree | undefined {
  const { file, context } = scope;
  const { report } = context;
  const target = readText(node.kind === "map" ? child(node, "service") : node) ?? "";
  const fileText = readText(child(node, "file"));
  const step = `${file}: ${name}`;
  if (chain.includes(step)) {
    report.error(node, "extends-cycle", `Services extend each other: ${[...chain, step].join(" → ")}`);
    return undefined;
  }
  const otherFile = fileText === undefined ? file : resolve(context.directory, fileText);
  const isElsewhere = otherFile !== file;
  const other = isElsewhere ? readDocuments(otherFile, context, child(node, "file") ?? node)[0] : document;
  if (!other) return undefined;
  const base =
    descend(other, "services", target) ?? (isElsewhere ? undefined : descend(scope.model, "services", target));
  if (!base) {
    const known = membersOf(child(other, "services")).map(([key]) => key);
    const message = `Service "${target}" to extend is not defined${isElsewhere ? ` in ${fileText}` : ""}`;
    report.error(node, "undefined-service", message, { hint: didYouMean(target, known) });
    return undefined;
  }
  const folder = folderOf(otherFile, context);
  const placed = isElsewhere ? resolveServicePaths(base, folder) : base;
  const nested = isElsewhere
    ? { file: otherFile, model: undefined, context: { ...context, directory: folder } }
    : scope;
  return extended(target, placed, { document: other, scope: nested, chain: [...chain, step] });
}
