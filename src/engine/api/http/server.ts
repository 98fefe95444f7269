/**
 * The HTTP server on the engine's unix socket: requests in, replies out.
 *
 * The socket is made in a directory that only its owner may enter and then renamed into place: it appears at once
 * with its mode, and a client that finds it is answered. A socket that a dead engine left is replaced; nobody else may
 * hold one, because the state root's lock is held by us.
 */
import { chmod, mkdtemp, rename, rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { takeBody } from "./body-split.js";
import { errorReply, pageNotFound } from "./error-reply.js";
import type { Reply } from "./reply.js";
import type { Router } from "./router.js";
import { sendReply, upgradeTo } from "./send-reply.js";
import { splitVersion } from "./versions.js";

// An `import` of it would load all that it can lend, a WebSocket among them: some megabytes.
const http = process.getBuiltinModule("node:http");

export interface ServerOptions {
  readonly socket: string;
  readonly socketMode: number;
  readonly router: Router;
  /** Sent with every reply. */
  readonly headers: Readonly<Record<string, string>>;
  readonly log: (text: string) => void;
  /** Called as each request begins; what it returns is called when its reply has ended. */
  readonly onRequest: () => () => void;
}

export interface ApiServer {
  /** No new connections; the socket is gone. Open requests go on. */
  stopListening(): Promise<void>;
  /** Ends the connections that are open. */
  close(): Promise<void>;
}

/** Go's limit; build arguments and labels travel in the query. */
const maxHeaderSize = 1024 * 1024;

/** Listens; resolves when clients can connect. */
export async function serve(options: ServerOptions): Promise<ApiServer> {
  // A client may think as long as it likes between two requests, and a request may last for days.
  const server = http.createServer({ maxHeaderSize, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  const upgraded = new Set<Socket>();
  server.on("request", (message, response) => void answer(message, response, options));
  server.on("upgrade", (message, socket: Socket, head) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    void answerUpgrade(message, { socket, head }, options);
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  await listen(server, options);
  let closed: Promise<void> | undefined;
  const stopListening = async () => {
    await rm(options.socket, { force: true });
    closed ??= new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    stopListening,
    async close() {
      await stopListening();
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      await closed;
    },
  };
}

async function listen(server: Server, { socket, socketMode }: ServerOptions): Promise<void> {
  const privateDir = await mkdtemp(join(dirname(socket), ".socket-"));
  const path = join(privateDir, basename(socket));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
    await chmod(path, socketMode);
    await rename(path, socket);
  } finally {
    await rm(privateDir, { recursive: true, force: true });
  }
}

async function answer(message: IncomingMessage, response: ServerResponse, options: ServerOptions) {
  const ended = options.onRequest();
  const gone = new AbortController();
  response.once("close", () => {
    gone.abort();
    ended();
  });
  const reply = await route(message, { body: message, signal: gone.signal, upgrade: false }, options);
  await sendReply(response, reply, options);
}

async function answerUpgrade(
  message: IncomingMessage,
  { socket, head }: { socket: Socket; head: Buffer },
  options: ServerOptions,
) {
  const ended = options.onRequest();
  const gone = new AbortController();
  socket.once("close", () => {
    gone.abort();
    ended();
  });
  socket.on("error", () => {}); // "close" follows and says all
  try {
    const body = await takeBody(message.headers, head, socket);
    const parts = { body: Readable.from(body.length > 0 ? [body] : []), signal: gone.signal, upgrade: true };
    await upgradeTo({ message, socket }, await route(message, parts, options), options);
  } catch (error) {
    await upgradeTo({ message, socket }, errorReply(error, options.log), options);
  }
}

async function route(
  message: IncomingMessage,
  parts: { body: Readable; signal: AbortSignal; upgrade: boolean },
  { router, log }: ServerOptions,
): Promise<Reply> {
  try {
    const method = message.method ?? "GET";
    const url = message.url ?? "/";
    const mark = url.indexOf("?");
    const { path, version } = splitVersion(mark < 0 ? url : url.slice(0, mark));
    if (method === "OPTIONS") return { kind: "empty", status: 200 };
    const match = router(method, path);
    if (!match) return pageNotFound;
    const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
    return await match.route.handle({
      method,
      path,
      version,
      query,
      params: match.params,
      headers: message.headers,
      ...parts,
    });
  } catch (error) {
    return errorReply(error, log);
  }
}
