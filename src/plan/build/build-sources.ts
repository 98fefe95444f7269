/**
 * What a build reads, boiled down to digests: so that it can be told that an image was built from something else.
 *
 * Pure. `apply/` digests the files. What the command line adds to a build is no part of it: an image that was built
 * with `--build-arg` is the one that was asked for, until what the file says or the context changes.
 */
import { isAbsolute } from "node:path";
import { canonicalJson } from "../../base/json.js";
import { composeLabels } from "../../wire/labels.js";
import { type ImageBuild, ociLayout } from "./image-build.js";

/** The files of a directory that a build may read, each with the digest of its content and mode. */
export interface SourceTree {
  /** Of all files. */
  readonly digest: string;
  /** By path below the directory. */
  readonly files: Readonly<Record<string, string>>;
}

/** `trees` by `context` and `additional_contexts.NAME`. */
export interface BuildSources {
  readonly fields: Readonly<Record<string, string>>;
  readonly trees: Readonly<Record<string, SourceTree>>;
}

type Section = Readonly<Record<string, unknown>>;

/**
 * What the build section says, by the names of its fields. Further names count, since a build gives them; of
 * directories what is in them counts, and not where they are.
 */
export function sectionOf(build: ImageBuild): Section {
  const { args, ownArgs = args, contexts, secrets, target, platform, network, isolation, shmSizeBytes } = build;
  const own: ReadonlySet<string> = new Set(Object.values(composeLabels));
  const labels = Object.entries(build.labels).filter(([name]) => !own.has(name));
  const places = Object.entries(contexts).filter(([, place]) => directoryOf(place) === undefined);
  return {
    ...(build.context !== "" && !isAbsolute(build.context) ? { context: build.context } : {}),
    ...prefixed("args", Object.entries(ownArgs)),
    ...prefixed("labels", labels),
    ...prefixed("additional_contexts", places),
    ...prefixed(
      "secrets",
      secrets.map((secret) => [secret.id, secret.kind]),
    ),
    ...{ target, platform, network, isolation, shm_size: shmSizeBytes },
    ...{ tags: build.tags, ulimits: build.ulimits, extra_hosts: build.extraHosts, entitlements: build.allow },
  };
}

/** Directories of this host that the build reads, by the name of their tree. */
export function directoriesOf({ context, contexts }: ImageBuild): Readonly<Record<string, string>> {
  const further = Object.entries(contexts).flatMap(([name, place]): Array<[string, string]> => {
    const directory = directoryOf(place);
    return directory === undefined ? [] : [[name, directory]];
  });
  return { ...(isAbsolute(context) ? { context } : {}), ...prefixed("additional_contexts", further) };
}

function directoryOf(place: string): string | undefined {
  const path = place.startsWith(ociLayout) ? place.slice(ociLayout.length) : place;
  return isAbsolute(path) ? path : undefined;
}

/** Digests of the fields that say something. */
export function digestSection(section: Section, digest: (text: string) => string): Record<string, string> {
  const said = Object.entries(section).filter(([, value]) => value !== undefined && canonicalJson(value) !== "[]");
  return Object.fromEntries(said.map(([name, value]) => [name, digest(canonicalJson(value))]));
}

/** What differs, a few words each: the Dockerfile, then fields, then files. */
export function changedSources(before: BuildSources, now: BuildSources): string[] {
  const fields = differing(before.fields, now.fields).map(({ name, how }) => `${name} ${how}`);
  const names = [...new Set([...Object.keys(before.trees), ...Object.keys(now.trees)])].sort();
  return [...fields, ...names.flatMap((name) => changedFiles(name, before.trees[name], now.trees[name]))];
}

/** `context: src/app.py changed, 2 more`. */
export function changesText([first = "", ...more]: readonly string[]): string {
  return more.length === 0 ? first : `${first}, ${more.length} more`;
}

/** Of one tree; an unchanged one says nothing. */
export function changedFiles(name: string, before: SourceTree | undefined, now: SourceTree | undefined): string[] {
  if (before?.digest === now?.digest) return [];
  if (!before || !now) return [`${name} is ${before ? "gone" : "new"}`];
  return differing(before.files, now.files).map((file) => `${name}: ${file.name} ${file.how}`);
}

function differing(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Array<{ readonly name: string; readonly how: string }> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names.flatMap((name) => {
    if (before[name] === now[name]) return [];
    const how = before[name] === undefined ? "is new" : now[name] === undefined ? "is gone" : "changed";
    return [{ name, how }];
  });
}

function prefixed(prefix: string, entries: ReadonlyArray<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries(entries.map(([name, value]) => [`${prefix}.${name}`, value]));
}
