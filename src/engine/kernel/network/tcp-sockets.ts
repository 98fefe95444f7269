/**
 * How many TCP connections clients have with what listens in a network namespace. Touches the world.
 *
 * The kernel's own table of sockets is read rather than its memory of flows (conntrack): it knows connections of
 * neighbours on the same bridge too, which no hook of the firewall sees, and forgets one when it has ended.
 */
import { readFileSync } from "node:fs";
import { inNetns } from "./namespaces.js";

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
