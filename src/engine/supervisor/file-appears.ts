/** Waits for a file by inotify. */
import { existsSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** `appeared` resolves when the file is there (also at once); `stop` ends the watch, and `appeared` then stays pending. */
export function fileAppears(path: string): { appeared: Promise<void>; stop: () => void } {
  const name = basename(path);
  let found = () => {};
  const appeared = new Promise<void>((resolve) => {
    found = resolve;
  });
  const watcher = watch(dirname(path), (_event, changed) => {
    if (changed === name && existsSync(path)) found();
  });
  watcher.on("error", () => {});
  if (existsSync(path)) found();
  return { appeared, stop: () => watcher.close() };
}
