/**
 * A directory as the tar of a build's context, without what its ignore file names. Touches the world: reads files.
 *
 * Nothing but directories, files and links is sent.
 */
import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../../base/errors.js";
import { type ContextEntry, contextEntries } from "./context-entries.js";
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
  if (dockerfileText !== undefined) yield* textEntry(dockerfile, dockerfileText);
  for await (const entry of contextEntries(directory, dockerfile)) {
    if (dockerfileText === undefined || entry.path !== dockerfile) yield* tarEntry(directory, entry);
  }
  yield tarEnd;
}

/** A context of nothing but the Dockerfile. */
export async function* dockerfileTar(name: string, text: string): AsyncGenerator<Uint8Array> {
  yield* textEntry(name, text);
  yield tarEnd;
}

async function* tarEntry(directory: string, { path, stat }: ContextEntry): AsyncGenerator<Uint8Array> {
  const real = join(directory, path);
  const common = { mode: stat.mode, modifiedS: stat.mtimeMs / 1000, sizeBytes: 0 };
  if (stat.isDirectory()) yield tarHeader({ ...common, name: `${path}/`, type: "directory" });
  else if (stat.isSymbolicLink()) {
    yield tarHeader({ ...common, name: path, type: "symlink", linkName: await readlink(real) });
  } else if (stat.isFile()) yield* tarFile(real, path);
}

function* textEntry(name: string, text: string): Generator<Uint8Array> {
  const bytes = Buffer.from(text);
  yield tarHeader({ name, type: "file", mode: 0o644, modifiedS: 0, sizeBytes: bytes.length });
  yield bytes;
  yield tarPadding(bytes.length);
}
