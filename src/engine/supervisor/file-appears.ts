/** Waits for a file by inotify. */
import { statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/**
 * `appeared` resolves when the file is there and not empty (also at once); `stop` ends the watch, and `appeared` then
 * stays pending.
 */
export function fileAppears(path: string): { appeared: Promise<void>; stop: () => void } {
  const name = basename(path);
  let found = () => {};
  const appeared = new Promise<void>((resolve) => {
    found = resolve;
  });
  const watcher = watch(dirname(path), (_event, changed) => {
    if (changed === name && hasContent(path)) found();
  });
  watcher.on("error", () => {});
  if (hasContent(path)) found();
  return { appeared, stop: () => watcher.close() };
}

function hasContent(path: string): boolean {
  try {
    return statSync(path).size > 0;
  } catch {
    return false;
  }
}
