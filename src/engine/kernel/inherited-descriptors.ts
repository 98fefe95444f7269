/** Files that this process was born with by accident. Touches the world. */
import { closeSync, readdirSync, readFileSync } from "node:fs";

const closeOnExec = 0o2000000;

/**
 * Closes what was handed down beyond the standard streams and `keep`: Node opens everything close-on-exec, so a
 * descriptor without that flag came from whoever started us, such as the pipe of a CI job that waits for its end.
 * For a process that has just started.
 */
export function closeInherited(keep: readonly number[]): void {
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (fd <= 2 || keep.includes(fd)) continue;
    try {
      const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0) closeSync(fd);
    } catch {} // the directory's own descriptor has gone meanwhile
  }
}
