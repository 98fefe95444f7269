/**
 * Asks other name servers, from the host's network. Touches the world.
 *
 * Every query has a socket and a random id of its own, so that a forged answer would have to guess both. An answer
 * counts only with the query's id and question, from the server asked.
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { createConnection, isIPv6 } from "node:net";
import { questionEnd } from "./dns-answer.js";

/** `port` is 53 except in tests. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/** Resolvers in C libraries give up after 5 s; two servers must have had their turn before. */
const serverTimeoutMs = 2000;
/** Each costs a descriptor; beyond it clients are told SERVFAIL at once, and ask again. */
const maxConcurrent = 256;
const maxServers = 3;

export class DnsForwarder {
  #pending = 0;

  /** The first answer of `servers`, asked in turn; undefined when none came. Never rejects. */
  async forward(query: Buffer, servers: readonly Upstream[], transport: "udp" | "tcp"): Promise<Buffer | undefined> {
    const end = questionEnd(query);
    if (end === undefined || this.#pending >= maxConcurrent) return undefined;
    this.#pending += 1;
    try {
      for (const server of servers.slice(0, maxServers)) {
        const reply = await this.#ask(query, end, server, transport);
        if (reply) return reply;
      }
      return undefined;
    } finally {
      this.#pending -= 1;
    }
  }

  async #ask(query: Buffer, end: number, server: Upstream, transport: "udp" | "tcp"): Promise<Buffer | undefined> {
    const asked = Buffer.from(query);
    asked.writeUInt16BE(randomInt(0x10000), 0);
    const isAnswer = (reply: Buffer) =>
      reply.length >= end &&
      reply.readUInt16BE(0) === asked.readUInt16BE(0) &&
      ((reply[2] ?? 0) & 0x80) !== 0 &&
      reply.toString("latin1", 12, end).toLowerCase() === asked.toString("latin1", 12, end).toLowerCase();
    const exchange = transport === "udp" ? askUdp : askTcp;
    const reply = await exchange(asked, server, isAnswer);
    if (reply) query.copy(reply, 0, 0, 2); // the client's own id
    return reply;
  }
}

type Exchange = (query: Buffer, to: Upstream, isAnswer: (reply: Buffer) => boolean) => Promise<Buffer | undefined>;

const askUdp: Exchange = (query, { address, port }, isAnswer) =>
  new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const finish = (reply?: Buffer) => {
      clearTimeout(timer);
      socket.removeAllListeners().on("error", () => {});
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(finish, serverTimeoutMs);
    socket.on("error", () => finish()); // nobody listens there, or no route: the next server's turn
    socket.on("message", (reply) => {
      if (isAnswer(reply)) finish(Buffer.from(reply));
    });
    // Without a route it is called with the error that is also emitted.
    socket.connect(port, address, (error?: Error) => (error ? finish() : socket.send(query)));
  });

const askTcp: Exchange = (query, { address, port }, isAnswer) =>
  new Promise((resolve) => {
    const socket = createConnection({ host: address, port });
    let received: Buffer = Buffer.alloc(0);
    const finish = (reply?: Buffer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    const timer = setTimeout(finish, serverTimeoutMs);
    socket.on("error", () => finish());
    socket.on("close", () => finish());
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      const length = received.length >= 2 ? received.readUInt16BE(0) : undefined;
      if (length === undefined || received.length < length + 2) return;
      const reply = Buffer.from(received.subarray(2, length + 2));
      finish(isAnswer(reply) ? reply : undefined);
    });
    socket.write(framed(query));
  });

/** A message as TCP carries it: two bytes of length in front. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
