/**
 * Tells when somebody else changed nftables, by the kernel's own notifications. Touches the world.
 *
 * @see Linux, include/uapi/linux/netfilter/nf_tables.h, NFT_MSG_NEWGEN: each transaction ends with one
 */
import { closeSync } from "node:fs";
import { openNetlink } from "./netlink.js";
import { attributesIn, messagesIn } from "./netlink-message.js";
import { readableSocket } from "./sockets.js";

const NETLINK_NETFILTER = 12;
/** NFNLGRP_NFTABLES is group 7; the mask counts from group 1. */
const nftablesGroup = 1 << 6;
/** Subsystem 10 (nf_tables), message 15 (NEWGEN). */
const newGeneration = (10 << 8) | 15;
const generationProcessId = 2;
const headerBytes = 4;

/**
 * Calls `changed` after each transaction of another process, and when notifications were lost. Does not keep the
 * process alive. Throws "not-supported" or "syscall-failed" where there are no notifications.
 */
export function watchNftables(changed: () => void): Disposable {
  const fd = openNetlink(NETLINK_NETFILTER, nftablesGroup);
  let socket: ReturnType<typeof readableSocket>;
  try {
    socket = readableSocket(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let disposed = false;
  socket.on("data", (datagram: Buffer) => {
    if (isForeignChange(datagram, process.pid)) changed();
  });
  socket.on("error", () => {}); // "close" follows
  socket.on("close", () => {
    if (disposed) return;
    // ENOBUFS: more notifications than the buffer holds. What they said is unknown, so look, and listen anew.
    watcher = reopened(changed);
    changed();
  });
  socket.unref();
  let watcher: Disposable | undefined;
  return {
    [Symbol.dispose]() {
      disposed = true;
      socket.destroy();
      watcher?.[Symbol.dispose]();
    },
  };
}

/** True when the datagram ends a transaction of a process other than `ownPid`. Pure. */
function isForeignChange(datagram: Buffer, ownPid: number): boolean {
  return messagesIn(datagram).some(({ type, payload }) => {
    if (type !== newGeneration) return false;
    return attributesIn(payload, headerBytes).get(generationProcessId)?.readUInt32BE() !== ownPid;
  });
}

function reopened(changed: () => void): Disposable | undefined {
  try {
    return watchNftables(changed);
  } catch {
    return undefined; // the next change of a network looks again
  }
}
