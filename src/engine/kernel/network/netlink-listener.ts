/** Listens to what the kernel tells by netlink's multicast groups. Touches the world. */
import { closeSync } from "node:fs";
import { readableSocket } from "./sockets.js";

/** `onLost`: more was told than the buffer holds, so what was said is unknown; it listens anew. */
export interface NetlinkListener {
  readonly onDatagram: (datagram: Buffer) => void;
  readonly onLost: () => void;
}

/**
 * Listens on what `open` opens until disposed, and opens it again after a loss. Does not keep the process alive. Throws
 * what `open` throws, "not-supported" where this `node` cannot read such a socket.
 */
export function listenToNetlink(open: () => number, listener: NetlinkListener): Disposable {
  const fd = open();
  let socket: ReturnType<typeof readableSocket>;
  try {
    socket = readableSocket(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let isDisposed = false;
  let next: Disposable | undefined;
  socket.on("data", listener.onDatagram);
  socket.on("error", () => {}); // "close" follows
  socket.on("close", () => {
    if (isDisposed) return;
    next = reopened(open, listener); // ENOBUFS
    listener.onLost();
  });
  socket.unref();
  return {
    [Symbol.dispose]() {
      isDisposed = true;
      socket.destroy();
      next?.[Symbol.dispose]();
    },
  };
}

function reopened(open: () => number, listener: NetlinkListener): Disposable | undefined {
  try {
    return listenToNetlink(open, listener);
  } catch {
    return undefined; // whoever is told of the loss looks once more
  }
}
