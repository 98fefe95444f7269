/** flock(2): locks that the kernel drops when their holder dies. Touches the world. */
import { checked, lastErrno, libcFunction } from "./libc.js";

const flockCall = libcFunction("int flock(int fd, int operation)");
const lockExclusive = 2;
const lockNonBlocking = 4;

/**
 * Locks an open file for this process, for as long as the descriptor is open. False when somebody else holds it.
 * Throws "syscall-failed".
 */
export function tryLock(fd: number): boolean {
  const result = flockCall(fd, lockExclusive | lockNonBlocking);
  if (result < 0 && ["EWOULDBLOCK", "EAGAIN"].includes(lastErrno())) return false;
  checked("flock", result);
  return true;
}
