/** Files that appear whole: written beside, synced, renamed, and the directory synced. Touches the world. */
import { type FileHandle, link, open, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCodeOf } from "./errors.js";

let counter = 0;

/** Files of this prefix are unfinished; whoever owns the directory may delete them at start. */
export const temporaryPrefix = ".tmp-";

/** Replaces the file at `path`, mode 0600. After a crash it holds the old content or the new, never a part. */
export async function writeDurably(path: string, data: string | Uint8Array): Promise<void> {
  await appear(path, data, rename);
}

/** Whose a new file is, and who may do what with it. Default: the process's own user, 0600. */
export interface NewFile {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** The same for a file that must not be there yet. False when it is; then it is left as it was. */
export async function createDurably(path: string, data: string | Uint8Array, wish: NewFile = {}): Promise<boolean> {
  try {
    const place = async (temporary: string) => {
      await link(temporary, path);
      await unlink(temporary);
    };
    await appear(path, data, place, wish);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function appear(
  path: string,
  data: string | Uint8Array,
  place: (temporary: string, path: string) => Promise<void>,
  { mode, uid, gid }: NewFile = {},
): Promise<void> {
  counter += 1;
  const temporary = join(dirname(path), `${temporaryPrefix}${process.pid}-${counter}`);
  try {
    const file = await open(temporary, "wx", 0o600);
    await withFile(file, async () => {
      await file.writeFile(data);
      if (uid !== undefined && gid !== undefined) await file.chown(uid, gid);
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    });
    await place(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Removes the file at `path`, if it is there, so that it stays removed after a crash. */
export async function removeDurably(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return;
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes the names in a directory survive a crash. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  await withFile(directory, () => directory.sync());
}

async function withFile(file: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await file.close();
  }
}
