/**
 * HTTP requests on Node's own client. Touches the world.
 *
 * Rather than `fetch`, which refuses a list of ports that registries do use and moves large bodies through web streams.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { GantryError } from "../base/errors.js";

export interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Makes it a POST. */
  readonly body?: string;
}

/** `body` must be read to its end or given up by `discard`, else its connection is lost. */
export interface HttpResponse {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: IncomingMessage;
}

/** Registries send blobs' requests on to a store, which may send them on once more. */
const maxRedirects = 5;
/** Nothing for this long means that the connection is dead. */
const idleTimeoutMs = 60_000;

const agents = {
  "http:": new HttpAgent({ keepAlive: true }),
  "https:": new HttpsAgent({ keepAlive: true }),
};

/** Follows redirects, leaving the authorization behind when they lead to another origin. Rejects with system errors. */
export async function httpGet(url: string, request: HttpRequest): Promise<HttpResponse> {
  let target = new URL(url);
  let { headers } = request;
  for (let redirects = 0; ; redirects += 1) {
    const response = await send(target, { ...request, headers });
    const location = response.header("location");
    if (response.status < 300 || response.status > 399 || location === undefined) return response;
    discard(response);
    if (redirects === maxRedirects) throw new GantryError("registry-failed", `${target.host} redirects without end`);
    const next = new URL(location, target);
    if (target.protocol === "https:" && next.protocol !== "https:") {
      throw new GantryError("registry-failed", `${target.host} redirects to ${next.host} without TLS`);
    }
    if (next.origin !== target.origin) headers = withoutAuthorization(headers);
    target = next;
  }
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

/** Gives the rest of a response up. */
export function discard({ body }: HttpResponse): void {
  body.on("error", () => {});
  body.resume();
}

function send(url: URL, { headers, signal, body }: HttpRequest): Promise<HttpResponse> {
  const isTls = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    const outgoing = (isTls ? httpsRequest : httpRequest)(url, {
      agent: agents[isTls ? "https:" : "http:"],
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? headers : { ...headers, "content-length": Buffer.byteLength(body) },
      signal,
      timeout: idleTimeoutMs,
    });
    outgoing.on("timeout", () => outgoing.destroy(Object.assign(new Error("No answer"), { code: "ETIMEDOUT" })));
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const header = (name: string) => {
        const value = incoming.headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      resolve({ status: incoming.statusCode ?? 0, header, body: incoming });
    });
    outgoing.end(body);
  });
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization"));
}
