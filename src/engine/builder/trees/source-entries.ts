/**
 * What a COPY takes: its patterns against a tree, and every entry below what they match. Touches the world.
 *
 * Names are text here; a name that is no UTF-8 is refused, as Docker's archives would carry it damaged.
 */
import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { GantryError } from "../../../base/errors.js";
import { globForm, type IgnoreRules, ignoreRules } from "../../../dockerfile/ignore-patterns.js";
import type { SourceTree } from "./build-job.js";
import { realPathIn } from "./real-path.js";

/** One thing that a pattern matched. `name` is its path in the tree, `base` where its kept parents begin. */
export interface SourceMatch {
  readonly name: string;
  readonly real: string;
  readonly stat: BigIntStats;
  /** Directories that `--parents` keeps, each with its place on the host; "" without. */
  readonly parents: string;
}

/** `path` is relative to the match, "" for the match itself. */
export interface SourceEntry {
  readonly path: string;
  readonly real: string;
  readonly stat: BigIntStats;
}

/** Throws "path-not-found" for a pattern that nothing matches. */
export function matchSources(tree: SourceTree): SourceMatch[] {
  const ignored = ignoreRules(tree.ignore);
  return tree.patterns.flatMap((pattern) => {
    const pivot = tree.parents ? pattern.search(/\/\.\//) : -1;
    const clean = posix.join("/", pattern).slice(1).replace(/\/$/, "");
    const skipped = pivot < 0 ? "" : posix.join("/", pattern.slice(0, pivot)).slice(1);
    const found = expandPattern(tree, clean).flatMap((name) => {
      const real = isHidden(ignored, name) ? undefined : realPathIn(tree.root, name);
      const stat = real === undefined ? undefined : lstatSync(real, { bigint: true, throwIfNoEntry: false });
      if (real === undefined || !stat) return [];
      const kept = posix.dirname(skipped === "" ? name : posix.relative(skipped, name));
      const match = { name, real, stat, parents: tree.parents && kept !== "." ? kept : "" };
      return isSent(match, ignored) ? [match] : [];
    });
    const isWild = hasWildcard(clean);
    const taken = found.filter(({ name }) => !isWild || !isExcluded(tree, name));
    if (taken.length > 0 || isWild) return taken;
    throw new GantryError(
      "path-not-found",
      `file not found in build context or excluded by .dockerignore: stat ${clean}: file does not exist`,
    );
  });
}

/** Directories before what is in them, names sorted; sockets have no place in an image. */
export function* entriesOf(match: SourceMatch, tree: SourceTree): Generator<SourceEntry> {
  const ignored = ignoreRules(tree.ignore);
  const excluded = ignoreRules(tree.exclude);
  if (!match.stat.isDirectory() && isExcluded(tree, match.name)) return;
  yield* walk({ path: "", real: match.real, stat: match.stat }, match, { ignored, excluded });
}

function* walk(
  entry: SourceEntry,
  match: SourceMatch,
  rules: { ignored: IgnoreRules; excluded: IgnoreRules },
): Generator<SourceEntry> {
  if (entry.stat.isSocket()) return;
  const inContext = posix.join(match.name, entry.path);
  const isExcludedHere = entry.path !== "" && rules.excluded.ignores(entry.path);
  const isHiddenHere = isExcludedHere || isIgnored(rules.ignored, inContext);
  const mayHoldMore =
    entry.stat.isDirectory() && (!isHiddenHere || rules.ignored.hasExceptions || rules.excluded.hasExceptions);
  if (!isHiddenHere) yield entry;
  if (!mayHoldMore) return;
  let isTold = !isHiddenHere;
  for (const name of namesIn(entry.real)) {
    const real = `${entry.real}/${name}`;
    const stat = lstatSync(real, { bigint: true, throwIfNoEntry: false });
    if (!stat) continue;
    for (const below of walk({ path: posix.join(entry.path, name), real, stat }, match, rules)) {
      // What was taken back needs the directories above it.
      if (!isTold) yield entry;
      isTold = true;
      yield below;
    }
  }
}

/** Hidden with nothing below it taken back. */
function isHidden(rules: IgnoreRules, name: string): boolean {
  return isIgnored(rules, name) && !rules.hasExceptions;
}

/** An ignored directory is there for the sake of what was taken back in it; an ignored file never is. */
function isSent(match: SourceMatch, ignored: IgnoreRules): boolean {
  if (!isIgnored(ignored, match.name)) return true;
  const nothing = ignoreRules([]);
  const first = walk({ path: "", real: match.real, stat: match.stat }, match, { ignored, excluded: nothing }).next();
  return first.done !== true;
}

/** The context itself always is there. */
function isIgnored(rules: IgnoreRules, name: string): boolean {
  return name !== "" && name !== "." && rules.ignores(name);
}

function isExcluded({ exclude }: SourceTree, name: string): boolean {
  const rules = ignoreRules(exclude);
  return rules.ignores(name) || rules.ignores(posix.basename(name));
}

/** Names that a pattern stands for, sorted. Wildcards stop at slashes; `**` goes through them. */
function expandPattern({ root }: SourceTree, pattern: string): string[] {
  if (!hasWildcard(pattern)) return [pattern.replace(/\\(.)/g, "$1")];
  let found = [""];
  for (const part of pattern.split("/")) {
    if (part === "**") found = found.flatMap((name) => [name, ...directoriesBelow(root, name)]);
    else if (/[*?[\\]/.test(part)) {
      const form = globForm(part.replaceAll("**", "*"));
      found = found.flatMap((name) => {
        const real = directoryAt(root, name);
        const names = real === undefined ? [] : namesIn(real);
        return names.filter((one) => form.test(one)).map((one) => posix.join(name, one));
      });
    } else {
      found = found.map((name) => posix.join(name, part)).filter((name) => realPathIn(root, name) !== undefined);
    }
  }
  return [...new Set(found)].sort();
}

function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern.replace(/\\./g, ""));
}

function directoriesBelow(root: string, name: string): string[] {
  const real = directoryAt(root, name);
  if (real === undefined) return [];
  return namesIn(real).flatMap((child) => {
    const inner = posix.join(name, child);
    const isDirectory = lstatSync(`${real}/${child}`, { throwIfNoEntry: false })?.isDirectory();
    return isDirectory ? [inner, ...directoriesBelow(root, inner)] : [];
  });
}

function directoryAt(root: string, name: string): string | undefined {
  const real = realPathIn(root, name);
  return real !== undefined && lstatSync(real).isDirectory() ? real : undefined;
}

function namesIn(directory: string): string[] {
  return readdirSync(directory, { encoding: "buffer" })
    .map((bytes) => {
      const name = bytes.toString();
      if (Buffer.from(name).equals(bytes)) return name;
      throw new GantryError("not-supported", `A file name in ${JSON.stringify(directory)} is not UTF-8: ${name}`);
    })
    .sort();
}
