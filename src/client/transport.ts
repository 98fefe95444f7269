/**
 * HTTP to an engine, over whatever connections a dialer makes: requests, JSON, streams and upgraded connections.
 *
 * Connections are kept alive and shared; each upgraded one is its own. Errors of the engine are thrown as `GantryError`
 * (see `reply-errors.ts`); an engine that does not answer is "engine-unavailable".
 */
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type net from "node:net";
import type { Duplex } from "node:stream";
import { GantryError } from "../base/errors.js";
import { connectionError, isLostConnection } from "./dial/connection-error.js";
import type { Dialer } from "./dial/dialer.js";
import type { CallOptions } from "./engine-client.js";
import { replyError } from "./reply-errors.js";
import { unbroken } from "./unbroken.js";

// An `import` of it would load all that it can lend, a WebSocket among them: 30 ms, half of a short command.
const http = process.getBuiltinModule("node:http");

export interface Request extends CallOptions {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  /** Without version; names in it already escaped (`segment`). */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent chunked, in place of `body`. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses from 300 on that are answers rather than errors. */
  readonly accept?: readonly number[];
}
type QueryValue = string | number | boolean | readonly string[] | undefined;

/** A name as part of a path: slashes and colons of image names stay, as every engine takes them. */
export function segment(name: string): string {
  return encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%40", "@");
}

export class Transport {
  readonly #dialer: Dialer;
  /** Prefix of every path, such as `/v1.51`; "" asks for the engine's newest. */
  #prefix = "";
  readonly #agent: Agent;
  /** For upgrades, whose connections nobody else may have. */
  readonly #loneAgent: Agent;

  constructor(dialer: Dialer) {
    this.#dialer = dialer;
    this.#agent = new http.Agent({ keepAlive: true });
    this.#agent.createConnection = () => dialer.connect({ halfOpen: false });
    this.#loneAgent = new http.Agent();
    this.#loneAgent.createConnection = () => dialer.connect({ halfOpen: true });
  }

  /** From now on every call is of this version, as `1.41`. */
  speak(apiVersion: string): void {
    this.#prefix = `/v${apiVersion}`;
  }

  /** The reply once its headers are there; the caller reads or destroys the body. */
  async open(request: Request): Promise<IncomingMessage> {
    try {
      return await this.#checked(await this.#send(request), request);
    } catch (error) {
      // The engine may have ended since this connection was last used; a request it never read is safe to repeat.
      if (!(error instanceof StaleConnection) || request.stream) throw unwrapped(error);
      // On a connection of its own: others that were kept alive may be as stale.
      const again = { ...request, headers: { ...request.headers, Connection: "close" } };
      return this.#checked(await this.#send(again, this.#loneAgent), request);
    }
  }

  /** The reply's body as JSON; undefined when it is empty. The caller knows the shape by the API's contract. */
  async json<T>(request: Request): Promise<T> {
    const reply = await this.open(request);
    const text = await readText(reply);
    return (text === "" ? undefined : parseJson(text)) as T;
  }

  /** For calls without an answer to read; true unless the status was one of `accept`. */
  async done(request: Request): Promise<boolean> {
    const reply = await this.open(request);
    reply.resume();
    return (reply.statusCode ?? 0) < 300;
  }

  /** Each JSON value of a stream, as it arrives. Leaving the loop closes the connection. */
  async *lines<T>(request: Request): AsyncGenerator<T, void> {
    yield* jsonLines<T>(await this.open(request));
  }

  /** The upgraded connection. Its writable side half-closes alone; its readable side ends when the engine closes. */
  upgrade(request: Request): Promise<Duplex> {
    const { signal } = request;
    return new Promise((resolve, reject) => {
      const message = this.#request(request, {
        agent: this.#loneAgent,
        headers: { Connection: "Upgrade", Upgrade: "tcp" },
      });
      message.once("upgrade", (_reply, socket: net.Socket, head) => {
        if (head.length > 0) socket.unshift(head);
        const onAbort = () => socket.destroy();
        signal?.addEventListener("abort", onAbort, { once: true });
        socket.once("close", () => signal?.removeEventListener("abort", onAbort));
        resolve(socket);
      });
      message.once("response", (reply) => {
        this.#checked(reply, request).then(() => {
          reply.destroy();
          reject(new GantryError("not-supported", `The engine did not upgrade the connection (${request.path})`));
        }, reject);
      });
      message.once("error", async (error) =>
        reject(signal?.aborted ? signal.reason : await connectionError(error, message.socket, this.#dialer)),
      );
      this.#writeBody(message, request).catch(reject);
    });
  }

  close(): void {
    this.#agent.destroy();
    this.#dialer.close();
  }

  #send(request: Request, agent = this.#agent): Promise<IncomingMessage> {
    const { signal } = request;
    return new Promise((resolve, reject) => {
      const message = this.#request(request, { agent, headers: {} });
      message.once("response", resolve);
      message.once("error", async (error) => {
        if (signal?.aborted) reject(signal.reason);
        else if (message.reusedSocket && isLostConnection(error)) reject(new StaleConnection(error));
        else reject(await connectionError(error, message.socket, this.#dialer));
      });
      this.#writeBody(message, request).catch((error: unknown) => {
        message.destroy();
        reject(error);
      });
    });
  }

  #request(request: Request, extra: { agent: Agent; headers: Record<string, string> }) {
    const named = { servername: "" }; // told so, node does not compile its IPv6 pattern (4 ms) to work one out
    return http.request({
      ...named,
      method: request.method,
      path: this.#prefix + request.path + printQuery(request.query),
      agent: extra.agent,
      headers: { Host: "gantry", ...contentHeaders(request), ...request.headers, ...extra.headers },
      ...(request.signal ? { signal: request.signal } : {}),
    });
  }

  async #writeBody(message: ClientRequest, { body, stream, signal }: Request): Promise<void> {
    if (!stream) {
      message.end(body === undefined ? undefined : JSON.stringify(body));
      return;
    }
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      // An engine that refuses answers and closes before it has read everything: its answer is what counts.
      if (message.destroyed || message.writableEnded) return;
      if (!message.write(chunk)) await drained(message);
    }
    message.end();
  }

  async #checked(reply: IncomingMessage, request: Request): Promise<IncomingMessage> {
    const status = reply.statusCode ?? 0;
    if (status < 300 || request.accept?.includes(status)) return reply;
    throw replyError(status, await readText(reply), request.path);
  }
}

/** A kept-alive connection that the engine had already closed. */
class StaleConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

function unwrapped(error: unknown): unknown {
  if (!(error instanceof StaleConnection)) return error;
  return new GantryError("engine-unavailable", `The engine closed the connection: ${error.message}`, {
    cause: error.cause,
  });
}

function contentHeaders({ body, stream }: Request): Record<string, string> {
  if (stream) return { "Content-Type": "application/x-tar" };
  if (body === undefined) return {};
  return { "Content-Type": "application/json" };
}

function printQuery(query: Request["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "object") for (const one of value) parameters.append(name, one);
    else parameters.append(name, value === true ? "1" : String(value));
  }
  const text = parameters.toString();
  return text ? `?${text}` : "";
}

function drained(message: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      message.off("drain", done).off("close", done);
      resolve();
    };
    message.on("drain", done).on("close", done);
  });
}

async function readText(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GantryError("internal", `The engine answered something else than JSON: ${text.slice(0, 200)}`, { cause });
  }
}

/** JSON values that stand on lines of their own. A line that is cut off at the end is an error. */
export async function* jsonLines<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<T, void> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of unbroken(chunks)) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) if (line.trim()) yield parseJson(line) as T;
  }
  if (pending.trim()) yield parseJson(pending) as T;
}
