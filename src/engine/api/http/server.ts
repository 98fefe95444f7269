/**
 * The HTTP server on the engine's unix socket, and by TLS on TCP where that is asked for: requests in, replies out.
 *
 * The socket is made in a directory that only its owner may enter and then renamed into place: it appears at once
 * with its mode, and a client that finds it is answered. A socket that a dead engine left is replaced; nobody else may
 * hold one, because the state root's lock is held by us.
 */
import { chmod, chown, mkdtemp, rename, rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { messageOf } from "../../../base/errors.js";
import { takeBody } from "./body-split.js";
import { errorReply, pageNotFound } from "./error-reply.js";
import { createTlsServer, listenTcp, type TlsListener } from "./listen-tls.js";
import { type OpenRequest, OpenRequests } from "./open-requests.js";
import type { Reply } from "./reply.js";
import type { Router } from "./router.js";
import { sendReply, upgradeTo } from "./send-reply.js";
import { splitVersion, wantsPlainErrors } from "./versions.js";

// An `import` of it would load all that it can lend, a WebSocket among them: some megabytes.
const http = process.getBuiltinModule("node:http");

export interface ServerOptions {
  readonly socket: string;
  readonly socketMode: number;
  /** A group that may use the socket too: its id. */
  readonly socketGid?: number | undefined;
  readonly tls?: TlsListener | undefined;
  readonly router: Router;
  /** Sent with every reply. */
  readonly headers: Readonly<Record<string, string>>;
  readonly log: (text: string) => void;
  /** Called as each request begins; what it returns is called when its reply has ended. */
  readonly onRequest: () => () => void;
}

export interface ApiServer {
  /** The TCP port that it listens on, where it does. */
  readonly tlsPort: number | undefined;
  /** No new connections; the socket is gone. Streams end; open requests go on. */
  stopListening(): Promise<void>;
  /** Resolves when the requests that were open are answered, streams aside, or after `limitMs`. */
  answered(limitMs: number): Promise<void>;
  /** Ends the connections that are open. */
  close(): Promise<void>;
}

/** Go's limit; build arguments and labels travel in the query. */
const maxHeaderSize = 1024 * 1024;
// A client may think as long as it likes between two requests, and a request may last for days.
const patience = { maxHeaderSize, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 };

/** Listens; resolves when clients can connect. Throws "bad-parameter" for certificates or an address of no use. */
export async function serve(options: ServerOptions): Promise<ApiServer> {
  const requests = new OpenRequests();
  const upgraded = new Set<Socket>();
  const tls = options.tls && createTlsServer(options.tls, patience);
  const unix = http.createServer(patience);
  const servers: Array<Server | TlsServer> = tls ? [unix, tls] : [unix];
  for (const server of servers) handleRequests(server, { options, requests, upgraded });
  const tlsPort = tls && options.tls && (await listenTcp(tls, options.tls));
  await listen(unix, options);
  let closed: Promise<unknown> | undefined;
  const stopListening = async () => {
    await rm(options.socket, { force: true });
    closed ??= Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    requests.endLasting();
    for (const socket of upgraded) socket.end();
  };
  return {
    tlsPort,
    stopListening,
    answered: (limitMs) => requests.answered(limitMs),
    async close() {
      await stopListening();
      for (const server of servers) server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      await closed;
    },
  };
}

interface Serving {
  readonly options: ServerOptions;
  readonly requests: OpenRequests;
  readonly upgraded: Set<Socket>;
}

function handleRequests(server: Server | TlsServer, serving: Serving): void {
  const { upgraded } = serving;
  server.on("request", (message, response) => void answer(message, response, serving));
  server.on("upgrade", (message, socket: Socket, head) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    void answerUpgrade(message, { socket, head }, serving);
  });
  server.on("clientError", (_error, socket) => socket.destroy());
}

async function listen(server: Server, { socket, socketMode, socketGid }: ServerOptions): Promise<void> {
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
    if (socketGid !== undefined) await chown(path, -1, socketGid);
    await chmod(path, socketGid === undefined ? socketMode : socketMode | 0o060);
    await rename(path, socket);
  } finally {
    await rm(privateDir, { recursive: true, force: true });
  }
}

async function answer(message: IncomingMessage, response: ServerResponse, { options, requests }: Serving) {
  const ended = options.onRequest();
  const request = requests.enter();
  response.once("close", () => {
    request.leave();
    ended();
  });
  const reply = await route(message, { body: message, signal: request.signal, upgrade: false }, options);
  noteLasting(request, reply, requests);
  await sendReply(response, reply, options);
}

async function answerUpgrade(
  message: IncomingMessage,
  { socket, head }: { socket: Socket; head: Buffer },
  { options, requests }: Serving,
) {
  const ended = options.onRequest();
  const request = requests.enter();
  socket.once("close", () => {
    request.leave();
    ended();
  });
  socket.on("error", () => {}); // "close" follows and says all
  try {
    const body = await takeBody(message.headers, head, socket);
    const parts = { body: Readable.from(body.length > 0 ? [body] : []), signal: request.signal, upgrade: true };
    const reply = await route(message, parts, options);
    noteLasting(request, reply, requests);
    await upgradeTo({ message, socket }, reply, options);
  } catch (error) {
    await upgradeTo({ message, socket }, errorReply(error, options.log), options);
  }
}

/** Its end is not waited for, when the engine ends. */
function noteLasting(request: OpenRequest, reply: Reply, requests: OpenRequests): void {
  const lasts = reply.kind === "hijack" || reply.kind === "switch" || (reply.kind === "stream" && reply.lasting);
  if (!lasts) return;
  request.isLasting = true;
  if (requests.isEnding) request.cut();
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
    const reply = errorReply(error, log);
    if (reply.kind !== "json" || !wantsPlainErrors(message.url ?? "")) return reply;
    return { kind: "text", status: reply.status, text: `${messageOf(error)}\n` };
  }
}
