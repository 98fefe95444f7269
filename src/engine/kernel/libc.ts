/**
 * The C library by FFI: where every system call that `node` lacks begins.
 *
 * Each neighbour declares the functions of one topic (`mount.ts`, `sockets.ts`, …) with `libcFunction` and turns a
 * negative result into an error with `checked`. Calls are synchronous: only those that cannot block belong here; what
 * may
 * block runs in a worker.
 */
import { constants } from "node:os";
import koffi from "koffi";
import { GantryError } from "../../base/errors.js";

const library = koffi.load("libc.so.6");

/** Declares a function of the C library, e.g. `int umount2(const char *target, int flags)`. */
export function libcFunction(prototype: string): (...args: unknown[]) => number {
  const call = library.func(prototype);
  return (...args) => Number(call(...args));
}

/** The same on a thread of its own pool, for calls that hold their caller up. What it is given must not be changed. */
export function libcInBackground(prototype: string): (...args: unknown[]) => Promise<number> {
  const call = library.func(prototype);
  return (...args) =>
    new Promise((resolve, reject) => {
      call.async(...args, (error: unknown, result: unknown) => (error ? reject(error) : resolve(Number(result))));
    });
}

/** `result`, unless it is negative: then throws "syscall-failed" with errno's name, as `cause.code` has it too. */
export function checked(what: string, result: number): number {
  if (result >= 0) return result;
  const errno = koffi.errno();
  const code = errnoName(errno);
  throw new GantryError("syscall-failed", `${what}: ${code}`, {
    cause: Object.assign(new Error(code), { code, errno }),
  });
}

/** errno of the last call on this thread, for calls whose failure is an answer. */
export function lastErrno(): string {
  return errnoName(koffi.errno());
}

function errnoName(errno: number): string {
  const known = Object.entries(constants.errno).find(([, value]) => value === errno);
  return known?.[0] ?? `errno ${errno}`;
}
