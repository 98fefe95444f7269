/** A container's own DNS server: UDP and TCP sockets inside its namespace, served by the engine. Touches the world. */

import { createSocket } from "node:dgram";
import { closeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { GantryError, isGantryError, systemCodeOf } from "../../../base/errors.js";
import { inNetns } from "../../kernel/network/namespaces.js";
import { boundSocket, portOf } from "../../kernel/network/sockets.js";
import { framed } from "./dns-forwarder.js";
import { redirectDns } from "./dns-redirect.js";

/** Gives the reply, or undefined for none. Must not reject. */
export type DnsHandler = (query: Buffer, transport: "udp" | "tcp") => Promise<Buffer | undefined>;

/** The kernel gives a port that is free for UDP; for TCP somebody may have it. */
const freePortTries = 16;
/** Per container; clients hold one for a moment, and beyond it the backlog waits. */
const maxTcpConnections = 32;
const tcpIdleMs = 10_000;

/** Until disposed; the namespace outlives it. */
export interface DnsServer extends Disposable {
  /** Behind port 53; the same for UDP and TCP. */
  readonly port: number;
}

/**
 * Serves `address`:53 inside the namespace. `earlierPort` is what an earlier engine had, which still leads there.
 *
 * @throws {GantryError} "syscall-failed", "network-failed"
 */
export function serveDns(
  netnsPath: string,
  { address, earlierPort }: { address: string; earlierPort: number | undefined },
  handler: DnsHandler,
): DnsServer {
  const sockets = inNetns(netnsPath, () => {
    const again = earlierPort === undefined ? undefined : socketsOn(address, earlierPort);
    return again ?? redirectedSockets(address, { anew: earlierPort !== undefined });
  });
  return serveOn(sockets, handler);
}

interface DnsSockets {
  readonly port: number;
  readonly udpFd: number;
  readonly tcpFd: number;
}

/** Undefined when one of the two is taken. */
function socketsOn(address: string, port: number): DnsSockets | undefined {
  let udpFd: number | undefined;
  try {
    udpFd = boundSocket({ protocol: "udp", address, port });
    const own = portOf(udpFd);
    return { port: own, udpFd, tcpFd: boundSocket({ protocol: "tcp", address, port: own }) };
  } catch (error) {
    if (udpFd !== undefined) closeSync(udpFd);
    const cause = isGantryError(error) ? error.cause : error;
    if (systemCodeOf(cause) !== "EADDRINUSE") throw error;
    return undefined;
  }
}

/** On a port that is free, to which port 53 leads from now on. */
function redirectedSockets(address: string, { anew }: { anew: boolean }): DnsSockets {
  const sockets = freeSockets(address);
  try {
    redirectDns(address, sockets.port, { anew });
    return sockets;
  } catch (error) {
    for (const fd of [sockets.udpFd, sockets.tcpFd]) closeSync(fd);
    throw error;
  }
}

function freeSockets(address: string): DnsSockets {
  for (let left = freePortTries; ; left -= 1) {
    const sockets = socketsOn(address, 0);
    if (sockets) return sockets;
    if (left === 0) throw new GantryError("network-failed", `No port is free on ${address} in the container's network`);
  }
}

function serveOn({ port, udpFd, tcpFd }: DnsSockets, handler: DnsHandler): DnsServer {
  const udp = createSocket("udp4");
  udp.on("error", () => {});
  udp.on("message", (query, from) => {
    void handler(query, "udp").then((reply) => {
      if (reply && !closed) udp.send(reply, from.port, from.address, () => {}); // the client may be gone: its loss
    });
  });
  udp.bind({ fd: udpFd, exclusive: true });
  const connections = new Set<Socket>();
  const tcp = createServer((socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    serveTcp(socket, handler);
  });
  tcp.maxConnections = maxTcpConnections;
  tcp.on("error", () => {});
  tcp.listen({ fd: tcpFd });
  let closed = false;
  return {
    port,
    [Symbol.dispose]() {
      if (closed) return;
      closed = true;
      udp.close();
      tcp.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

/** One query at a time per connection: the next is read when the reply to this one is written. */
function serveTcp(socket: Socket, handler: DnsHandler): void {
  let received: Buffer = Buffer.alloc(0);
  let busy = false;
  const next = async () => {
    if (busy || received.length < 2) return;
    const length = received.readUInt16BE(0);
    if (received.length < length + 2) return;
    busy = true;
    socket.pause();
    const query = Buffer.from(received.subarray(2, length + 2));
    received = received.subarray(length + 2);
    const reply = await handler(query, "tcp");
    if (socket.destroyed) return;
    if (!reply) return void socket.destroy();
    socket.write(framed(reply));
    busy = false;
    socket.resume();
    void next();
  };
  socket.setTimeout(tcpIdleMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
    void next();
  });
}
