/** Walks the directory of a build's context, without what its ignore file names. Reads directories of this host. */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { systemCodeOf } from "../../base/errors.js";
import { type IgnoreRules, ignoreFileNames, parseIgnoreFile } from "../../dockerfile/ignore-patterns.js";

/** `path` is relative to the context. */
export interface ContextEntry {
  readonly path: string;
  readonly stat: Stats;
}

/**
 * Every entry in name order, directories before what is in them. The Dockerfile and the ignore file are always among
 * them, as Docker's engine wants them. Paths that are `skipped` are left out with all that is in them.
 */
export async function* contextEntries(
  directory: string,
  dockerfile: string,
  skipped: ReadonlySet<string> = new Set(),
): AsyncGenerator<ContextEntry> {
  const { rules } = await ignoreRulesOf(directory, dockerfile);
  const always = [dockerfile, ...ignoreFileNames(dockerfile)];
  const above = new Set(always.flatMap(directoriesAbove));
  yield* entriesBelow({ directory, rules, always: new Set(always), above, skipped, directories: 0 }, "");
}

/** What a version control keeps for itself changes with every look at it, and says nothing of what is built. */
export const versionControl: ReadonlySet<string> = new Set([".git", ".hg", ".svn"]);

/** After these the event loop has a turn: a few milliseconds. */
const directoriesAtOnce = 50;

interface Walk {
  readonly directory: string;
  readonly rules: IgnoreRules;
  readonly always: ReadonlySet<string>;
  readonly above: ReadonlySet<string>;
  readonly skipped: ReadonlySet<string>;
  /** So many have been gone through. */
  directories: number;
}

/** Calls of the file system that take microseconds: a turn of the event loop for each would cost more than they do. */
async function* entriesBelow(walk: Walk, prefix: string): AsyncGenerator<ContextEntry> {
  const names = readdirSync(`${walk.directory}/${prefix}`).sort();
  for (const name of names) {
    const path = prefix + name;
    if (walk.skipped.has(path)) continue;
    const isHidden = walk.rules.ignores(path) && !walk.always.has(path);
    if (isHidden && !walk.rules.hasExceptions && !walk.above.has(path)) continue;
    const stat = lstatSync(`${walk.directory}/${path}`, { throwIfNoEntry: false });
    if (!stat) continue; // gone since its name was read
    if (!isHidden) yield { path, stat };
    if (!stat.isDirectory()) continue;
    if (++walk.directories % directoriesAtOnce === 0) await setImmediate();
    yield* entriesBelow(walk, `${path}/`);
  }
}

/** The directories that a path of the context is in. */
function directoriesAbove(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
}

/** What the context leaves out, nothing without an ignore file; `file` is the one that says so. */
export async function ignoreRulesOf(
  directory: string,
  dockerfile: string,
): Promise<{ readonly rules: IgnoreRules; readonly file?: string }> {
  for (const file of ignoreFileNames(dockerfile)) {
    try {
      return { rules: parseIgnoreFile(await readFile(join(directory, file), "utf8")), file };
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "")) throw error;
    }
  }
  return { rules: parseIgnoreFile("") };
}
