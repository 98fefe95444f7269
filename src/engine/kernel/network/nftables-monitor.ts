/**
 * Tells when somebody else changed nftables, by the kernel's own notifications. Touches the world.
 *
 * @see Linux, include/uapi/linux/netfilter/nf_tables.h, NFT_MSG_NEWGEN: each transaction ends with one
 */
import { openNetlink } from "./netlink.js";
import { listenToNetlink } from "./netlink-listener.js";
import { attributesIn, messagesIn } from "./netlink-message.js";

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
  return listenToNetlink(() => openNetlink(NETLINK_NETFILTER, nftablesGroup), {
    onDatagram: (datagram) => {
      if (isForeignChange(datagram, process.pid)) changed();
    },
    onLost: changed,
  });
}

/** True when the datagram ends a transaction of a process other than `ownPid`. Pure. */
function isForeignChange(datagram: Buffer, ownPid: number): boolean {
  return messagesIn(datagram).some(({ type, payload }) => {
    if (type !== newGeneration) return false;
    return attributesIn(payload, headerBytes).get(generationProcessId)?.readUInt32BE() !== ownPid;
  });
}
