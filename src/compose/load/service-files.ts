/** Reads what the selected services name on disk: env and label files, and that config and secret files are there. */

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { SourceLocation } from "../../base/diagnostic.js";
import { didYouMean } from "../did-you-mean.js";
import { parseEnvFile, parseRawEnvFile } from "../interpolate/env-file.js";
import type { Lookup } from "../interpolate/interpolate.js";
import type { EnvFileUse } from "../normalize/service/files.js";
import type { DraftService } from "../normalize/service/service.js";
import { type FileSpec, placeKey, type Service } from "../project.js";
import type { Place, Report } from "../report.js";
import { readFileText } from "./read-text.js";

type Environment = Readonly<Record<string, string>>;

/** What reading service files needs, and where it tells what stood where: below the service's own values. */
export interface Reading {
  readonly environment: Environment;
  readonly report: Report;
  readonly sources: Map<string, Place["at"]>;
  readonly texts?: Map<string, string> | undefined;
  /** False, which is reported, for what the file that names it may not reach. */
  readonly mayRead: (path: string, place: Place) => boolean;
}

/** The service with its env files below `environment` and its label files below `labels`. */
export function readServiceFiles(draft: DraftService, reading: Reading): Service {
  const { service, envFiles, labelFiles } = draft;
  if (envFiles.length === 0 && labelFiles.length === 0) return service;
  // An env file's variables are the project's, then the service's own, then those read before.
  const own = Object.entries(service.environment).filter((entry): entry is [string, string] => entry[1] !== null);
  const known = { ...reading, environment: { ...Object.fromEntries(own), ...reading.environment } };
  const fromEnv = readAll(envFiles, `services.${service.name}.environment`, known);
  const fromLabels = readAll(labelFiles, `services.${service.name}.labels`, reading);
  return {
    ...service,
    environment: sorted({ ...Object.fromEntries(fromEnv), ...service.environment }),
    labels: sorted({ ...Object.fromEntries(fromLabels), ...service.labels }),
    // `config` shows the files beside the labels that they gave.
    ...(labelFiles.length > 0
      ? { untyped: { ...service.untyped, label_file: labelFiles.map(({ path }) => path) } }
      : {}),
  };
}

/** `target` is the path of the mapping that the files fill. */
function readAll(
  files: readonly EnvFileUse[],
  target: string,
  { environment, report, sources, texts, mayRead }: Reading,
): Map<string, string> {
  const written = new Map<string, SourceLocation[]>();
  const found = new Map<string, string>();
  // An earlier file's keys are known to later ones, as if they were one text.
  const lookup: Lookup = (name) => (Object.hasOwn(environment, name) ? environment[name] : found.get(name));
  for (const { path, required, raw, place } of files) {
    if (!mayRead(path, place)) continue;
    const read = readFileText(path);
    if (read.kind === "missing" && !required) continue;
    if (read.kind !== "text") {
      const what = read.kind === "missing" ? "does not exist" : `cannot be read: ${read.reason}`;
      const hint = nearbyFile(path) ?? "Create it, or write required: false";
      report.error(place, "env-file-not-found", `Env file ${path} ${what}`, { hint });
      continue;
    }
    const { values, places, problems } = (raw ? parseRawEnvFile : parseEnvFile)(read.text, lookup);
    for (const { message, ...at } of problems) {
      report.error({ path: place.path, at: [{ file: path, ...at }] }, "bad-env-file", message);
    }
    for (const [key, value] of values) {
      found.set(key, value);
      const at = { file: path, ...(places.get(key) ?? { line: 1, column: 1 }) };
      written.set(key, [...(written.get(key) ?? []), at]);
      texts?.set(`${target}.${key} ${placeKey(at)}`, value); // several services may read one file, each in its own way
    }
  }
  for (const [key, at] of written) sources.set(`${target}.${key}`, [...at, ...(sources.get(`${target}.${key}`) ?? [])]);
  return found;
}

/** Reports configs or secrets in use whose file is not there, or whose variable is not set; `severity` says how. */
export function checkFileSpecs(
  kind: "config" | "secret",
  specs: Iterable<FileSpec>,
  context: {
    readonly environment: Environment;
    readonly sources: ReadonlyMap<string, Place["at"]>;
    readonly severity: "error" | "warn";
  },
  report: Report,
): void {
  const { environment, sources, severity } = context;
  for (const spec of specs) {
    const path = `${kind}s.${spec.key}`;
    const place = (key: string) => ({ path: `${path}.${key}`, at: sources.get(`${path}.${key}`) ?? [] });
    if (spec.file !== undefined && !existsSync(spec.file)) {
      const hint = nearbyFile(spec.file) ?? "Create it, or correct the path";
      report[severity](
        place("file"),
        `${kind}-file-not-found`,
        `The file ${spec.file} of ${kind} "${spec.key}" does not exist`,
        {
          hint,
        },
      );
    }
    if (spec.environment !== undefined && !Object.hasOwn(environment, spec.environment)) {
      const message = `Variable ${spec.environment} of ${kind} "${spec.key}" is not set`;
      const hint = "Set it in the environment or in .env";
      report[severity](place("environment"), "missing-variable", message, { hint });
    }
  }
}

function nearbyFile(path: string): string | undefined {
  try {
    return didYouMean(basename(path), readdirSync(dirname(path)).slice(0, 1000));
  } catch {
    return undefined; // no such folder either: nothing to suggest
  }
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
