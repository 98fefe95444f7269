/** Measures trees that are small, without a thread of its own for each. Touches the world, and only reads. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A walk over so many takes a few milliseconds, a thread to do it a hundred. */
const maxEntries = 500;

/** Bytes of content below a directory; undefined when there is more in it than is walked here. No link is followed. */
export async function sizeOfSmallTree(path: string): Promise<number | undefined> {
  let entries = 0;
  let total = 0;
  const directories = [path];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    const found = await readdir(directory, { withFileTypes: true });
    entries += found.length;
    if (entries > maxEntries) return undefined;
    for (const entry of found) {
      const child = join(directory, entry.name);
      if (entry.isDirectory()) directories.push(child);
      else total += (await lstat(child)).size;
    }
  }
  return total;
}
