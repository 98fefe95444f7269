/** Files of the tool's own of which the newest are worth keeping. Touches the user's state directory. */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "../../base/durable-file.js";

/** At most `count` of those whose names begin with `prefix`. */
export interface KeepLimit {
  readonly prefix: string;
  readonly count: number;
}

/** Writes a file whole, for its owner alone, and removes the oldest beyond the limits. Rejects where it cannot. */
export async function keepNewest(
  directory: string,
  file: { readonly name: string; readonly text: string },
  limits: readonly KeepLimit[],
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeDurably(join(directory, file.name), file.text);
  const names = await readdir(directory);
  for (const { prefix, count } of limits) {
    const own = names.filter((name) => name.startsWith(prefix));
    if (own.length > count) await removeOldest(directory, own, own.length - count);
  }
}

async function removeOldest(directory: string, names: readonly string[], count: number): Promise<void> {
  const aged = await Promise.all(
    names.map(async (name) => ({ name, ms: (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const oldest = aged.sort((a, b) => a.ms - b.ms).slice(0, count);
  await Promise.all(oldest.map(({ name }) => rm(join(directory, name), { force: true })));
}
