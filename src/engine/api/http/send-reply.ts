/** Puts a reply on the wire. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { messageOf } from "../../../base/errors.js";
import { type Reply, rawStream } from "./reply.js";

// An `import` of it would load all that it can lend, a WebSocket among them: some megabytes.
const http = process.getBuiltinModule("node:http");

interface SendOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly log: (text: string) => void;
}

/** Resolves when the reply has been written. A client that leaves in between is no error. */
export async function sendReply(response: ServerResponse, reply: Reply, options: SendOptions): Promise<void> {
  response.on("error", () => {});
  switch (reply.kind) {
    case "json":
      // Exactly this type, without parameters: Docker's Go client compares it as text to find the message.
      return end(response, options, {
        status: reply.status,
        text: `${JSON.stringify(reply.body)}\n`,
        type: "application/json",
      });
    case "text":
      return end(response, options, { ...reply, type: "text/plain; charset=utf-8" });
    case "empty":
      return end(response, options, { status: reply.status, text: "" });
    case "stream":
      return stream(response, reply, options);
    case "hijack":
      return rawConnection(response, reply);
    case "switch":
      return end(response, options, {
        status: 400,
        text: `${JSON.stringify({ message: `the connection has to be upgraded to ${reply.protocol}` })}\n`,
        type: "application/json",
      });
  }
}

/** An upgraded connection for a hijack; every other reply is sent as usual and ends the connection. */
export async function upgradeTo(
  { message, socket }: { message: IncomingMessage; socket: Socket },
  reply: Reply,
  options: SendOptions,
): Promise<void> {
  if (reply.kind === "hijack") {
    socket.write(
      `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${reply.contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    return serveSocket(socket, reply);
  }
  if (reply.kind === "switch" && message.headers.upgrade?.toLowerCase() === reply.protocol) {
    const headers = { Connection: "Upgrade", Upgrade: reply.protocol, ...reply.headers };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
    return serveSocket(socket, reply);
  }
  const response = new http.ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.end());
  await sendReply(response, reply, options);
}

function end(
  response: ServerResponse,
  { headers }: SendOptions,
  reply: { status: number; text: string; type?: string; headers?: Readonly<Record<string, string>> },
): void {
  const hasBody = reply.status !== 204 && reply.status !== 304;
  response.writeHead(reply.status, {
    ...headers,
    ...(reply.type && hasBody ? { "Content-Type": reply.type } : {}),
    ...(hasBody ? { "Content-Length": String(Buffer.byteLength(reply.text)) } : {}),
    ...reply.headers,
  });
  response.end(reply.text);
}

async function stream(
  response: ServerResponse,
  { contentType, chunks, headers: own }: Extract<Reply, { kind: "stream" }>,
  { headers, log }: SendOptions,
): Promise<void> {
  response.writeHead(200, { ...headers, "Content-Type": contentType, ...own });
  // Clients wait for the headers before they go on, as `docker run` does before it starts the container.
  response.flushHeaders();
  try {
    for await (const chunk of chunks) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response);
    }
    response.end();
  } catch (error) {
    if (!response.destroyed) log(`A stream ended early: ${messageOf(error)}`);
    // The missing last chunk tells the client that this was not all.
    response.destroy();
  }
}

/**
 * Without `Upgrade` the answer is 200 and ends by close. Node's parser still reads the other way: the client's bytes
 * are the chunks of its request's body, as dockerode sends them; a request without such a body gets output only.
 */
async function rawConnection(response: ServerResponse, reply: Extract<Reply, { kind: "hijack" }>): Promise<void> {
  const { socket } = response;
  if (!socket) return;
  response.detachSocket(socket);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${rawStream}\r\nConnection: close\r\n\r\n`);
  const { req } = response;
  const sendsBody = req.headers["transfer-encoding"] !== undefined && !req.readableEnded;
  await serveSocket(socket, reply, sendsBody ? Duplex.from({ readable: req, writable: socket }) : socket);
}

async function serveSocket(
  socket: Socket,
  { serve }: Extract<Reply, { kind: "hijack" | "switch" }>,
  client: Duplex = socket,
): Promise<void> {
  client.on("error", () => {}); // "close" follows and says all
  try {
    await serve(client);
  } finally {
    socket.end();
    // The client may keep its side open for ever; all that was for it has been said.
    socket.resume();
    socket.destroySoon();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}
