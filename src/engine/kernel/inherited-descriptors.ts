/** Descriptors that cross an exec by accident, into this process or out of it. Touches the world. */
import { closeSync, readdirSync, readFileSync } from "node:fs";
import { libcFunction } from "./libc.js";

const closeOnExec = 0o2000000;
const setDescriptorFlags = 2; // F_SETFD
const closeOnExecFlag = 1; // FD_CLOEXEC
const fcntl = libcFunction("int fcntl(int fd, int command, int argument)");

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

/** Calls a library that may open files without close-on-exec, and keeps all that is open from our children. */
export function keptFromChildren<T>(open: () => T): T {
  const result = open();
  // That of the directory itself is closed again by now; then the call fails, and nothing is lost.
  for (const name of readdirSync("/proc/self/fd")) {
    if (Number(name) > 2) fcntl(Number(name), setDescriptorFlags, closeOnExecFlag);
  }
  return result;
}
