/**
 * HTTP requests on Node's own client. Touches the world.
 *
 * Rather than `fetch`, which refuses a list of ports that registries do use and moves large bodies through web streams.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GantryError } from "../../base/errors.js";
import type { Connections } from "./connections.js";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** A redirect may lead from TLS to plain HTTP: what comes is checked in another way, or meant to be public. */
  readonly mayLeaveTls?: boolean;
  /** `open` is called anew for each time that it is sent. */
  readonly body?: { readonly sizeBytes: number; open(): Readable | string };
}

/** `body` must be read to its end or given up by `discard`, else its connection is lost. */
export interface HttpResponse {
  /** Of the request that was answered, after redirects. */
  readonly url: URL;
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: IncomingMessage;
}

/** Registries send blobs' requests on to a store, which may send them on once more. */
const maxRedirects = 5;
/** Nothing for this long means that the connection is dead. */
const idleTimeoutMs = 60_000;

/** More than any answer that nobody reads; the rest is not worth the connection. */
const maxDiscardedBytes = 256 * 1024;

/** Follows redirects, leaving the authorization behind when they lead to another origin. Rejects with system errors. */
export async function send(connections: Connections, url: string, request: HttpRequest): Promise<HttpResponse> {
  let target = new URL(url);
  let { headers } = request;
  for (let redirects = 0; ; redirects += 1) {
    const response = await sendOnce(connections, target, { ...request, headers });
    const location = response.header("location");
    if (!isRedirect(response.status, request.method) || location === undefined) return response;
    discard(response);
    if (redirects === maxRedirects) throw new GantryError("registry-failed", `${target.host} redirects without end`);
    if (!URL.canParse(location, target.href))
      throw new GantryError("registry-failed", `${target.host} redirects to nowhere`);
    const next = new URL(location, target);
    if (!/^https?:$/.test(next.protocol)) {
      throw new GantryError("registry-failed", `${target.host} redirects to an address of ${next.protocol}`);
    }
    if (!request.mayLeaveTls && target.protocol === "https:" && next.protocol !== "https:") {
      throw new GantryError("registry-failed", `${target.host} redirects to ${next.host} without TLS`);
    }
    if (next.origin !== target.origin) headers = withoutAuthorization(headers);
    target = next;
  }
}

/** What changes something is only repeated elsewhere when the status says so. */
function isRedirect(status: number, method: HttpMethod): boolean {
  const isReading = method === "GET" || method === "HEAD";
  return isReading ? status >= 300 && status <= 399 : status === 307 || status === 308;
}

/** The whole body as text. Throws "registry-failed" when it is longer than `maxBytes`. */
export async function readText({ body }: HttpResponse, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = chunk as Buffer; // no encoding is set, so chunks are buffers
    size += bytes.length;
    if (size > maxBytes) throw new GantryError("registry-failed", `The registry's answer is over ${maxBytes} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString();
}

/** Gives the rest of a response up: a short one is read to its end, so that its connection can be used again. */
export function discard({ body }: HttpResponse): void {
  let size = 0;
  body.on("error", () => {});
  body.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxDiscardedBytes) body.destroy();
  });
}

async function sendOnce(
  connections: Connections,
  url: URL,
  { method, headers, signal, body }: HttpRequest,
): Promise<HttpResponse> {
  const length = method === "GET" || method === "HEAD" ? {} : { "content-length": String(body?.sizeBytes ?? 0) };
  const outgoing = connections.open(url, {
    method,
    headers: { ...headers, ...length },
    signal,
    timeout: idleTimeoutMs,
  });
  outgoing.on("timeout", () => outgoing.destroy(Object.assign(new Error("No answer"), { code: "ETIMEDOUT" })));
  const replied = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve).on("error", (error) => reject(connections.blamed(url, { error }) ?? error));
  });
  const content = body?.open();
  if (content === undefined || typeof content === "string") outgoing.end(content);
  // A registry that refuses answers before it has read all; the answer is what counts.
  else
    pipeline(content, outgoing).catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
  const incoming = await replied;
  // What is left of a body that was refused is not sent.
  incoming.once("end", () => outgoing.writableFinished || outgoing.destroy());
  const refusal = connections.blamed(url, { status: incoming.statusCode ?? 0 });
  if (refusal) {
    incoming.destroy();
    throw refusal;
  }
  const header = (name: string) => {
    const value = incoming.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  return { url, status: incoming.statusCode ?? 0, header, body: incoming };
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization"));
}
