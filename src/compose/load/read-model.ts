/** Reads Compose files into one merged tree: parse, interpolate, include, extend, merge. */
import { dirname } from "node:path";
import type { Variables } from "../interpolate/interpolate-tree.js";
import { interpolateTree } from "../interpolate/interpolate-tree.js";
import { mergeFiles } from "../merge/merge.js";
import { resolveModelPaths } from "../merge/resolve-paths.js";
import { nowhere, type Place, type Report } from "../report.js";
import type { MapTree, Tree } from "../tree.js";
import { applyExtends } from "./extends.js";
import { applyIncludes } from "./include.js";
import { parseYaml } from "./parse-yaml.js";
import { type FileText, readFileText } from "./read-text.js";
import type { RemoteFiles } from "./remote-files.js";

/** What reading needs to know. `including` are the files being read, to see a cycle. */
export interface ReadContext {
  /** Relative paths of `include` and `extends` are resolved against it. */
  readonly directory: string;
  readonly processEnvironment: Readonly<Record<string, string>>;
  readonly variables: Variables;
  readonly including: readonly string[];
  readonly report: Report;
  readonly remotes: RemoteFiles;
  /** Files read so far, so that none is read or complained about twice. Holds `-` from the start. */
  readonly parsed: Map<string, readonly Tree[]>;
}

/** The files merged in order; undefined when none could be read. `place` is what asked for them. */
export function readModel(files: readonly string[], context: ReadContext, place: Place = nowhere): Tree | undefined {
  let model: Tree | undefined;
  for (const file of files) {
    const isElsewhere = context.remotes.rootOf(file) !== undefined;
    const own = isElsewhere ? { ...context, directory: folderOf(file, context) } : context;
    for (const document of readDocuments(file, own, place)) {
      const withIncludes = applyIncludes(document, own);
      const extended = applyExtends(withIncludes, { file, model, context: own });
      // The paths of a file from elsewhere are that file's, whatever folder the project is in.
      model = mergeFiles(model, isElsewhere ? resolveModelPaths(extended, own.directory) : extended, context.report);
    }
  }
  return model;
}

/** The documents of one file with variables replaced. What cannot be read is reported at `place`. */
export function readDocuments(file: string, context: ReadContext, place: Place): MapTree[] {
  const { variables, report } = context;
  return parseDocuments(file, context, place).flatMap((document) => {
    if (document.kind === "map") return [interpolateTree(document, variables, report) as MapTree]; // the kind is kept
    report.error(document, "wrong-type", "A Compose file must be a mapping", {
      expected: "services: and other keys at the top level",
    });
    return [];
  });
}

/** The documents of one file as written. */
export function parseDocuments(
  file: string,
  { parsed, report, remotes }: Pick<ReadContext, "parsed" | "report"> & { readonly remotes?: RemoteFiles },
  place: Place,
): readonly Tree[] {
  if (remotes && !remotes.mayRead(file, place, report)) return [];
  const known = parsed.get(file);
  if (known) return known;
  return parseRead(file, readFileText(file), { parsed, report }, place);
}

/** The documents of what was read as `file`, which are then known. */
export function parseRead(
  file: string,
  read: FileText,
  { parsed, report }: Pick<ReadContext, "parsed" | "report">,
  place: Place,
): readonly Tree[] {
  const name = file === "-" ? "Standard input" : file;
  let documents: readonly Tree[] = [];
  if (read.kind === "text") documents = parseYaml(read.text, file, report);
  else if (read.kind === "unreadable" && read.fault) {
    const { code, ...at } = read.fault;
    report.error({ path: "", at: [{ file, ...at }] }, code, `${name} cannot be read: ${read.reason}`, {
      hint: code === "bad-encoding" ? "Save the file as UTF-8" : undefined,
    });
  } else {
    const what = read.kind === "missing" ? "does not exist" : `cannot be read: ${read.reason}`;
    report.error(place, "file-not-found", `Compose file ${file} ${what}`);
  }
  parsed.set(file, documents);
  return documents;
}

/** The folder of a file; standard input counts as standing in the project directory. */
export function folderOf(file: string, context: ReadContext): string {
  return file === "-" ? context.directory : dirname(file);
}
