/**
 * A container's log as the files it is, for readers that go back and forth in it: `GET /gantry/containers/ID/log`.
 *
 * A file is known by its inode, which a rotation does not change, so that a place in it stays a place until the file is
 * dropped. Bytes are given as they stand (`wire/log-line.ts`): the engine does no work for each line.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import { GantryError } from "../../../base/errors.js";
import { type LogFile, longestLogReadBytes } from "../../../wire/log-line.js";
import type { Container } from "../lifecycle/container.js";
import type { Rooms } from "../rooms.js";
import { logFiles, rotationLimits } from "./log-rotation.js";

type Paths = Pick<Rooms, "paths">;

/** Those that are there, the oldest first. */
export async function listLogFiles({ paths }: Paths, container: Container): Promise<LogFile[]> {
  const found = await Promise.all(
    pathsOf(paths, container).map(async (path): Promise<LogFile[]> => {
      const stats = await stat(path).catch(() => undefined);
      return stats ? [{ File: String(stats.ino), Bytes: stats.size }] : [];
    }),
  );
  return found.flat();
}

/** At most `longestLogReadBytes` of a file; fewer at its end. Throws "path-not-found" for one that is gone. */
export async function readLogFile(
  { paths }: Paths,
  container: Container,
  { file, offset, bytes }: { file: string; offset: number; bytes: number },
): Promise<Buffer> {
  for (const path of pathsOf(paths, container)) {
    const handle = await open(path, "r").catch(() => undefined);
    if (!handle) continue;
    try {
      // Looked at once it is open: a rotation between the two would give another file's bytes.
      if (String((await handle.stat()).ino) === file) return await readAt(handle, offset, bytes);
    } finally {
      await handle.close();
    }
  }
  throw new GantryError("path-not-found", `Could not find the file ${file} in the log of container ${container.id}`);
}

async function readAt(handle: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(Math.min(bytes, longestLogReadBytes));
  const { bytesRead } = await handle.read(block, 0, block.length, offset);
  return block.subarray(0, bytesRead);
}

function pathsOf(paths: Rooms["paths"], { id, record }: Container): string[] {
  return logFiles(paths.log(id), rotationLimits(record.hostConfig.LogConfig?.Config));
}
