/**
 * Opens files of a container's root file system so that no link in it leads out: the kernel resolves the path as if the
 * directory were `/` (openat2 with RESOLVE_IN_ROOT, Linux 5.6).
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { checked, libcFunction } from "./libc.js";

const openat2Number = 437; // the same on every architecture
const resolveInRoot = 0x10;
const resolveNoMagicLinks = 0x02;
const openat2 = libcFunction(
  "long syscall(long number, int directory, const char *path, const void *how, unsigned long size)",
);

/**
 * A descriptor that the caller closes. Absolute links stay inside. Throws "syscall-failed" (`cause.code` ENOENT, …).
 */
export function openInRoot(root: string, path: string, flags = constants.O_RDONLY): number {
  const directory = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const how = Buffer.alloc(24);
    how.writeBigUInt64LE(BigInt(flags | 0o2000000), 0); // close on exec
    how.writeBigUInt64LE(BigInt(resolveInRoot | resolveNoMagicLinks), 16);
    return checked(`open ${path}`, openat2(openat2Number, directory, path, how, how.length));
  } finally {
    closeSync(directory);
  }
}

/** Text of a regular file of the root, at most `limitBytes` of it; undefined when there is none. */
export function readTextInRoot(root: string, path: string, limitBytes: number): string | undefined {
  let fd: number;
  try {
    // Non-blocking, so that a fifo in the image's place of a file cannot stop the engine.
    fd = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, limitBytes));
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)).toString();
  } finally {
    closeSync(fd);
  }
}
