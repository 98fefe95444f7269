/**
 * Files of the user's own that the tool writes: `.env`, Compose files, docker's `config.json`. Touches the world.
 *
 * The engine needs root, so these are often written by root on somebody's behalf: whose file it is, who may read it and
 * where a link leads stays as it was, and what is new belongs to whoever owns the folder.
 */
import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { mkdir, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { geteuid } from "node:process";
import { createDurably, syncDirectory } from "./durable-file.js";
import { GantryError, isGantryError, systemCodeOf } from "./errors.js";

export interface UserFileOptions {
  /** Of a file that is new; default 0644. */
  readonly mode?: number;
  /** It holds secrets from now on: what others of an existing file's group and of the world may do is taken away. */
  readonly isSecret?: boolean;
}

/** As many links in a row as the kernel follows. */
const maxLinks = 40;

/**
 * Replaces the file, or what it links to: whole or not at all, durably. Owner, group and mode stay.
 *
 * @returns whether others could read it before and cannot now
 * @throws {GantryError} "read-only" when it cannot be written; nothing is left behind
 */
export async function writeUserFile(
  path: string,
  text: string,
  { mode = 0o644, isSecret = false }: UserFileOptions = {},
): Promise<{ isTightened: boolean }> {
  try {
    const place = await placeOf(path);
    const before = await statOrNothing(place);
    const kept = before && before.mode & 0o7777;
    const wanted = kept === undefined ? mode : isSecret ? kept & ~0o077 : kept;
    await replace(place, text, { mode: wanted, owner: before ?? (await newOwner(place)) });
    return { isTightened: kept !== undefined && kept !== wanted };
  } catch (cause) {
    if (isGantryError(cause)) throw cause;
    throw cannotWrite(path, cause);
  }
}

/** The same for a file that must not be there yet. False when it is, or a link is; then it is left as it was. */
export async function createUserFile(
  path: string,
  text: string,
  { mode = 0o644 }: UserFileOptions = {},
): Promise<boolean> {
  try {
    return await createDurably(path, text, { mode, ...(await newOwner(path)) });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Makes the folder and those above it where they are not there; each belongs to whom the one above belongs to. */
export async function makeUserFolder(path: string, mode: number): Promise<void> {
  if (await statOrNothing(path)) return;
  await makeUserFolder(dirname(path), mode);
  await mkdir(path, { mode });
  const owner = await newOwner(path);
  if (!owner) return;
  const folder = await open(path, "r");
  await folder.chown(owner.uid, owner.gid).finally(() => folder.close());
}

async function replace(
  place: string,
  text: string,
  { mode, owner }: { mode: number; owner: Pick<Stats, "uid" | "gid"> | undefined },
): Promise<void> {
  const scratch = `${place}.${randomUUID()}.new`;
  try {
    const file = await open(scratch, "wx", 0o600);
    try {
      await file.writeFile(text);
      const made = await file.stat();
      if (owner && (made.uid !== owner.uid || made.gid !== owner.gid)) await file.chown(owner.uid, owner.gid);
      await file.chmod(mode); // after chown, which takes bits away
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(scratch, place);
  } catch (error) {
    await rm(scratch, { force: true });
    throw error;
  }
  await syncDirectory(dirname(place));
}

/**
 * Where a link leads, if anything is there or not. Throws "read-only" for a link by which one user would have root
 * write over the file of another: a clone of somebody else's repository may hold any link.
 */
async function placeOf(path: string): Promise<string> {
  let place = path;
  for (let links = 0; links < maxLinks; links += 1) {
    const next = await readlink(place).catch(() => undefined);
    if (next === undefined) break;
    place = resolve(await realpath(dirname(place)), next);
  }
  if (place === path || geteuid?.() !== 0) return place;
  const [link, folder] = [await stat(dirname(path)), await stat(dirname(place))];
  const target = (await statOrNothing(place)) ?? folder;
  if (link.uid === 0 || target.uid === link.uid) return place;
  throw new GantryError("read-only", `${path} leads to ${place}, which belongs to somebody else`, {
    hint: "Replace the link by a file of its own",
  });
}

/** Root gives what it makes in somebody's folder to them; anybody else can make only what is theirs. */
async function newOwner(path: string): Promise<{ uid: number; gid: number } | undefined> {
  if (geteuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(dirname(path));
  return { uid, gid };
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function cannotWrite(path: string, cause: unknown): GantryError {
  return new GantryError("read-only", `${path} cannot be written: ${systemCodeOf(cause) ?? "unknown reason"}`, {
    cause,
  });
}
