/**
 * The files of a project as they are published: as written, variables and all, but for the paths of other files, which
 * become names beside them.
 *
 * Pure but for the `read` that it is given. Follows `docker compose publish`: a layer for each Compose file, for each
 * file that one extends, and with `withEnv` for each env file.
 */
import { createHash } from "node:crypto";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { type Document, isMap, isPair, isScalar, isSeq, parseAllDocuments, visit } from "yaml";
import { GantryError } from "../../base/errors.js";
import { isRemote } from "../../compose/load/remote-files.js";
import { artifactAnnotations, artifactTypes } from "../compose-artifact.js";

/** One layer of the artifact. */
export interface PublishedFile {
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface PublishRequest {
  /** Absolute paths of the project's own files, in order. */
  readonly files: readonly string[];
  /** Env files travel too; without it only their names do. */
  readonly withEnv: boolean;
  /** Recorded in each layer. */
  readonly version: string;
  /** The text of a file by its absolute path; undefined when it is not there. */
  readonly read: (path: string) => string | undefined;
}

/** Throws "bad-parameter" for a file that cannot be published as it is: one that includes files of this machine. */
export function publishedFiles({ files, withEnv, version, read }: PublishRequest): PublishedFile[] {
  const notes = { [artifactAnnotations.version]: version };
  const extended = new Map<string, string>();
  const envFiles = new Map<string, string>();
  const renamed = (file: string) => rewritten(file, read(file) ?? "", { extended, envFiles, read });
  const own = files.map(
    (file): PublishedFile => ({
      mediaType: artifactTypes.composeFile,
      annotations: { ...notes, [artifactAnnotations.file]: basename(file) },
      text: renamed(file),
    }),
  );
  const others: PublishedFile[] = [];
  // Files that are extended may extend further ones: the map grows while it is walked.
  for (const [file, name] of extended) {
    const marks = { [artifactAnnotations.file]: name, [artifactAnnotations.extended]: "true" };
    others.push({ mediaType: artifactTypes.composeFile, annotations: { ...notes, ...marks }, text: renamed(file) });
  }
  const environments = [...(withEnv ? envFiles : [])].map(
    ([file, name]): PublishedFile => ({
      mediaType: artifactTypes.envFile,
      annotations: { ...notes, [artifactAnnotations.envFile]: name },
      text: read(file) ?? "",
    }),
  );
  return [...own, ...others, ...environments];
}

interface Renaming {
  readonly extended: Map<string, string>;
  readonly envFiles: Map<string, string>;
  readonly read: (path: string) => string | undefined;
}

function rewritten(file: string, text: string, renaming: Renaming): string {
  const documents = parseAllDocuments(text, { keepSourceTokens: true });
  const all = Array.isArray(documents) ? documents : [];
  let isChanged = false;
  for (const document of all) {
    refuseIncludes(document, file);
    for (const service of servicesOf(document)) isChanged = renamePaths(service, file, renaming) || isChanged;
  }
  return isChanged ? all.map((document) => document.toString({ lineWidth: 0 })).join("") : text;
}

function refuseIncludes(document: Document, file: string): void {
  const include = document.get("include");
  if (!isSeq(include)) return;
  for (const item of include.items) {
    const path = isMap(item) ? item.get("path") : item;
    const texts = (isSeq(path) ? path.items : [path]).map((one) => (isScalar(one) ? String(one.value) : String(one)));
    const local = texts.find((one) => !isRemote(one));
    if (local === undefined) continue;
    throw new GantryError("bad-parameter", `${basename(file)} includes ${local}, a file of this machine`, {
      hint: "Publish that file by itself and include it from there, or merge the two: gantry config.",
    });
  }
}

function servicesOf(document: Document): unknown[] {
  const services = document.get("services");
  return isMap(services) ? services.items.map((pair) => (isPair(pair) ? pair.value : undefined)) : [];
}

/** True when something was renamed. A name tells nothing of where a file is. */
function renamePaths(service: unknown, file: string, { extended, envFiles, read }: Renaming): boolean {
  if (!isMap(service)) return false;
  let isChanged = false;
  const rename = (node: unknown, names: Map<string, string>, ending: string, mustExist: boolean) => {
    if (!isScalar(node) || typeof node.value !== "string" || node.value.includes("$") || isRemote(node.value)) return;
    const path = isAbsolute(node.value) ? node.value : resolve(dirname(file), node.value);
    const isThere = read(path) !== undefined;
    if (!isThere && mustExist) return;
    const name = `${createHash("sha256").update(path).digest("hex")}${ending}`;
    if (isThere) names.set(path, name);
    node.value = name;
    isChanged = true;
  };
  const extension = service.get("extends", true);
  if (isMap(extension)) rename(extension.get("file", true), extended, ".yaml", true);
  const environment = service.get("env_file", true);
  for (const item of isSeq(environment) ? environment.items : [environment]) {
    rename(isMap(item) ? item.get("path", true) : item, envFiles, ".env", false);
  }
  return isChanged;
}

/** Every scalar of the text that stands as it is written, with the key that it stands under. */
export function literalValues(text: string): Array<{ readonly key: string; readonly value: string }> {
  const found: Array<{ key: string; value: string }> = [];
  for (const document of [parseAllDocuments(text)].flat()) {
    if (!("contents" in document)) continue;
    visit(document as Document, {
      Pair(_, { key, value }) {
        if (isScalar(value) && typeof value.value === "string") found.push({ key: String(key), value: value.value });
      },
      Scalar(at, { value }) {
        const pair = typeof at === "number" && typeof value === "string" ? /^([\w.-]+)=(.*)$/s.exec(value) : null;
        if (pair) found.push({ key: pair[1] ?? "", value: pair[2] ?? "" });
      },
    });
  }
  return found;
}
