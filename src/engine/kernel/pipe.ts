/**
 * Real pipes for children's stdio. Node's own "pipe" is a socket pair, and a process that opens `/dev/stdout` (as
 * nginx's image does for its logs) fails on a socket.
 */
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { checked, libcFunction } from "./libc.js";

const closeOnExecFlag = 0o2000000;
const pipe2 = libcFunction("int pipe2(_Out_ int *fds, int flags)");

/** The child's end as a descriptor, ours as a stream. `closeChildEnd` after the spawn. */
export interface ChildPipe {
  readonly childFd: number;
  readonly stream: Socket;
  closeChildEnd(): void;
}

/** A pipe that the child writes and we read, or the other way round. Throws "syscall-failed". */
export function openChildPipe(direction: "from-child" | "to-child"): ChildPipe {
  const fds = [-1, -1];
  checked("pipe2", pipe2(fds, closeOnExecFlag));
  const [readEnd = -1, writeEnd = -1] = fds;
  const fromChild = direction === "from-child";
  const childFd = fromChild ? writeEnd : readEnd;
  const stream = new Socket({ fd: fromChild ? readEnd : writeEnd, readable: fromChild, writable: !fromChild });
  stream.pause();
  return { childFd, stream, closeChildEnd: () => closeSync(childFd) };
}
