/**
 * How many TCP connections clients have with what listens in a network namespace, and when one has ended. Touches the
 * world.
 *
 * The kernel's own table of sockets is read rather than its memory of flows (conntrack): it knows connections of
 * neighbours on the same bridge or on a macvlan too, which no hook of the host's firewall sees, and forgets one when it
 * has ended, where a flow is remembered for two minutes.
 *
 * @see Linux, include/uapi/linux/sock_diag.h: sockets that are destroyed are told of in their own namespace
 */
import { readFileSync } from "node:fs";
import { inNetns } from "./namespaces.js";
import { openNetlink } from "./netlink.js";
import { listenToNetlink } from "./netlink-listener.js";

const NETLINK_SOCK_DIAG = 4;
/** SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY, groups 1 and 3. */
const tcpDestroyGroups = 0b101;

/** As /proc/net/tcp numbers them (Linux, include/net/tcp_states.h). */
const states = { established: 1, synReceived: 3, finWait1: 4, closeWait: 8, lastAck: 9, listen: 10, closing: 11 };

/**
 * In these, bytes may still be on their way to the client. Of a server that has said its last word and of which
 * everything has arrived, nothing is lost any more (FIN_WAIT2, TIME_WAIT).
 */
const underWay = new Set([
  states.established,
  states.synReceived,
  states.finWait1,
  states.closeWait,
  states.lastAck,
  states.closing,
]);

/** Reads the whole table: for a question now and then. Throws what `inNetns` throws for a namespace that is gone. */
export function clientConnections(netnsPath: string): number {
  return countClients(inNetns(netnsPath, () => ["tcp", "tcp6"].map(readTable)));
}

/**
 * Calls `ended` whenever a TCP socket of the namespace is gone, or may be. Throws what `inNetns` throws, and
 * "syscall-failed" on a kernel without such notifications. Until it is disposed of, the namespace stays.
 */
export function watchEndedSockets(netnsPath: string, ended: () => void): Disposable {
  const open = () => inNetns(netnsPath, () => openNetlink(NETLINK_SOCK_DIAG, tcpDestroyGroups));
  return listenToNetlink(open, { onDatagram: ended, onLost: ended });
}

function readTable(name: string): string {
  try {
    return readFileSync(`/proc/thread-self/net/${name}`, "utf8");
  } catch {
    return ""; // a kernel without IPv6
  }
}

/** Pure: of tables as in /proc/net/tcp. What a container says to itself over its loopback does not count. */
export function countClients(tables: readonly string[]): number {
  const sockets = tables.flatMap((table) => table.trim().split("\n").slice(1).map(socketOf));
  const listening = new Set(sockets.flatMap(({ state, localPort }) => (state === states.listen ? [localPort] : [])));
  return sockets.filter(
    ({ state, localPort, remote }) => underWay.has(state) && listening.has(localPort) && !isLoopback(remote),
  ).length;
}

function socketOf(line: string): { localPort: number; remote: string; state: number } {
  const [, local = "", remote = "", state = ""] = line.trim().split(/\s+/);
  const [, port = ""] = local.split(":");
  return {
    localPort: Number.parseInt(port, 16),
    remote: remote.split(":")[0] ?? "",
    state: Number.parseInt(state, 16),
  };
}

/** Addresses are words in the host's byte order: 127.0.0.1 is 0100007F, and mapped into IPv6 it stands last. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith("7F");
  return address === "00000000000000000000000001000000" || /^0{16}FFFF0000.{6}7F$/.test(address);
}
