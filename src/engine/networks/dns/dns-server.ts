/** A container's own DNS server: UDP and TCP sockets inside its namespace, served by the engine. Touches the world. */

import { createSocket } from "node:dgram";
import { closeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { inNetns } from "../../kernel/namespaces.js";
import { boundSocket } from "../../kernel/sockets.js";
import { framed } from "./dns-forwarder.js";

/** Gives the reply, or undefined for none. Must not reject. */
export type DnsHandler = (query: Buffer, transport: "udp" | "tcp") => Promise<Buffer | undefined>;

const dnsPort = 53;
/** Per container; clients hold one for a moment, and beyond it the backlog waits. */
const maxTcpConnections = 32;
const tcpIdleMs = 10_000;

/**
 * Serves `address`:53 inside the namespace until disposed; the namespace outlives it. Throws "syscall-failed", for
 * instance when the port is taken there.
 */
export function serveDns(netnsPath: string, address: string, handler: DnsHandler): Disposable {
  const [udpFd, tcpFd] = inNetns(netnsPath, () => {
    const udp = boundSocket({ protocol: "udp", address, port: dnsPort });
    try {
      return [udp, boundSocket({ protocol: "tcp", address, port: dnsPort })];
    } catch (error) {
      closeSync(udp);
      throw error;
    }
  }) as [number, number];
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
