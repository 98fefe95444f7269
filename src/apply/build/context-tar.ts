/**
 * A directory as the tar of a build's context, without what its ignore file names. Touches the world: reads files.
 *
 * The Dockerfile and the ignore file always come along, as Docker's engine wants them. Nothing but directories, files
 * and links is sent.
 */
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { GantryError, systemCodeOf } from "../../base/errors.js";
import { type IgnoreRules, ignoreFileNames, parseIgnoreFile } from "../../dockerfile/ignore-patterns.js";
import { tarFile } from "./tar-file.js";
import { tarEnd, tarHeader, tarPadding } from "./tar-writer.js";

export interface ContextFiles {
  readonly directory: string;
  /** Relative to the directory. */
  readonly dockerfile: string;
  /** Sent under the Dockerfile's name in place of the file there. */
  readonly dockerfileText?: string;
}

/** Throws "path-not-found" when the directory is none. */
export async function* contextTar(files: ContextFiles): AsyncGenerator<Uint8Array> {
  const { directory, dockerfile, dockerfileText } = files;
  const found = await lstat(join(directory, ".")).catch(() => undefined);
  if (!found?.isDirectory())
    throw new GantryError("path-not-found", `The build context ${directory} is not a directory`);
  const rules = await ignoreRulesOf(directory, dockerfile);
  const always = new Set([dockerfile, ...ignoreFileNames(dockerfile)]);
  if (dockerfileText !== undefined) yield* textEntry(dockerfile, dockerfileText);
  const skipped = dockerfileText === undefined ? undefined : dockerfile;
  yield* entriesBelow({ directory, rules, always, skipped }, "");
  yield tarEnd;
}

/** A context of nothing but the Dockerfile. */
export async function* dockerfileTar(name: string, text: string): AsyncGenerator<Uint8Array> {
  yield* textEntry(name, text);
  yield tarEnd;
}

interface Walk {
  readonly directory: string;
  readonly rules: IgnoreRules;
  readonly always: ReadonlySet<string>;
  readonly skipped: string | undefined;
}

async function* entriesBelow(walk: Walk, path: string): AsyncGenerator<Uint8Array> {
  const names = (await readdir(join(walk.directory, path))).sort();
  for (const name of names) {
    const inner = posix.join(path, name);
    const isHidden = walk.rules.ignores(inner) && !walk.always.has(inner);
    const real = join(walk.directory, inner);
    const stat = await lstat(real);
    const holdsMore = walk.rules.hasExceptions || [...walk.always].some((one) => one.startsWith(`${inner}/`));
    if (inner === walk.skipped || (isHidden && !(stat.isDirectory() && holdsMore))) continue;
    const common = { mode: stat.mode, modifiedS: stat.mtimeMs / 1000 };
    if (stat.isDirectory()) {
      if (!isHidden) yield tarHeader({ ...common, name: `${inner}/`, type: "directory", sizeBytes: 0 });
      yield* entriesBelow(walk, inner);
    } else if (stat.isSymbolicLink()) {
      yield tarHeader({ ...common, name: inner, type: "symlink", sizeBytes: 0, linkName: await readlink(real) });
    } else if (stat.isFile()) yield* tarFile(real, inner);
  }
}

function* textEntry(name: string, text: string): Generator<Uint8Array> {
  const bytes = Buffer.from(text);
  yield tarHeader({ name, type: "file", mode: 0o644, modifiedS: 0, sizeBytes: bytes.length });
  yield bytes;
  yield tarPadding(bytes.length);
}

/** What the context leaves out; nothing without an ignore file. */
export async function ignoreRulesOf(directory: string, dockerfile: string): Promise<IgnoreRules> {
  for (const name of ignoreFileNames(dockerfile)) {
    try {
      return parseIgnoreFile(await readFile(join(directory, name), "utf8"));
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "")) throw error;
    }
  }
  return parseIgnoreFile("");
}
