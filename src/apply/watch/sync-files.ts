/**
 * Copies changed files of the host into running containers, and removes there what is gone here. Touches the world.
 *
 * Copies go as one archive for each container; the engine unpacks it without following a link out of the container's
 * root. Removals are a command in the container, since engines have no call for them.
 */
import { lstat, readlink } from "node:fs/promises";
import { GantryError, systemCodeOf } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import { readFrames } from "../../client/frames.js";
import type { SyncedPath } from "../../plan/watch/judge-changes.js";
import { tarFile } from "../build/tar-file.js";
import { tarEnd, tarHeader } from "../build/tar-writer.js";

/** A command line has a limit, of the kernel. */
const removedAtOnce = 500;

export interface SyncRequest {
  readonly copies: readonly SyncedPath[];
  readonly removals: readonly string[];
}

/** Throws what the engine says, and "hook-failed" when files could not be removed. */
export async function syncFiles(
  client: EngineClient,
  containerId: string,
  { copies, removals }: SyncRequest,
  signal: AbortSignal,
): Promise<void> {
  if (copies.length > 0) {
    await client.upkeep.writeArchive(containerId, { path: "/", tar: syncTar(copies) }, { signal });
  }
  for (let at = 0; at < removals.length; at += removedAtOnce) {
    await removeFiles(client, containerId, removals.slice(at, at + removedAtOnce), signal);
  }
}

/** The entries as they are now: what has gone since it was noticed is left out, another notice tells of that. */
export async function* syncTar(copies: readonly SyncedPath[]): AsyncGenerator<Uint8Array> {
  for (const { from, to } of copies) {
    const stat = await lstat(from).catch((error: unknown) => {
      if (systemCodeOf(error) !== "ENOENT") throw error;
    });
    const name = to.slice(1);
    if (!stat || name === "") continue;
    const common = { mode: stat.mode, modifiedS: stat.mtimeMs / 1000 };
    if (stat.isDirectory()) yield tarHeader({ ...common, name: `${name}/`, type: "directory", sizeBytes: 0 });
    else if (stat.isSymbolicLink()) {
      yield tarHeader({ ...common, name, type: "symlink", sizeBytes: 0, linkName: await readlink(from) });
    } else if (stat.isFile()) yield* tarFile(from, name);
  }
  yield tarEnd;
}

async function removeFiles(
  client: EngineClient,
  containerId: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const body = { Cmd: ["rm", "-rf", "--", ...paths], User: "0", AttachStdout: true, AttachStderr: true };
  const exec = await client.execs.create(containerId, body, { signal });
  const { stream } = await client.execs.start(exec, { tty: false }, { signal });
  const said: Uint8Array[] = [];
  for await (const { payload } of readFrames(stream, false)) said.push(payload);
  const { ExitCode } = await client.execs.inspect(exec, { signal });
  if (ExitCode === 0) return;
  throw new GantryError("hook-failed", `${paths.length} files could not be removed in the container`, {
    hint: Buffer.concat(said).toString().trim() || "Its image needs a program rm for that",
  });
}
