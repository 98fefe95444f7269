/**
 * A registry of a few lines on loopback, whose faults are scripted: for tests of what a real one does not do on demand.
 *
 * It keeps manifests and blobs in memory, serves ranges, takes uploads whole and in chunks, and counts requests.
 * `onEach` is asked first for every request; what answers there is not asked further.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

export interface FakeRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** True when it has answered. The request's body has not been read. */
type Script = (request: FakeRequest, response: ServerResponse, incoming: IncomingMessage) => boolean | undefined;

export interface FakeRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  readonly requests: FakeRequest[];
  /** `METHOD PATH` of those that had a part of that method and path. */
  seen(part: string): string[];
  onEach: Script;
  readonly blobs: Map<string, Buffer>;
  /** By `NAME:REFERENCE`; `type` is its content type. */
  readonly manifests: Map<string, { type: string; text: string }>;
  /** What has been received of uploads, by their number. */
  readonly uploads: Map<string, Buffer[]>;
  addBlob(content: Buffer | string): string;
  /** Under the tag and under its digest, which is returned. */
  addManifest(name: string, tag: string, manifest: object): string;
}

export function digestOfContent(content: Buffer | string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** Plain, or with TLS when `tls` has its key and certificate. */
export async function startFakeRegistry({ tls }: { tls?: ServerOptions } = {}): Promise<FakeRegistry> {
  const listener = (incoming: IncomingMessage, response: ServerResponse) => void serve(registry, incoming, response);
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const registry: FakeRegistry = {
    ...{ host: `127.0.0.1:${port}`, port, requests: [], onEach: () => false },
    ...{ blobs: new Map(), manifests: new Map(), uploads: new Map() },
    seen: (part) =>
      registry.requests.map(({ method, path }) => `${method} ${path}`).filter((line) => line.includes(part)),
    addBlob(content) {
      const digest = digestOfContent(content);
      registry.blobs.set(digest, Buffer.from(content));
      return digest;
    },
    addManifest(name, tag, manifest) {
      const text = JSON.stringify(manifest);
      const type = "mediaType" in manifest ? String(manifest.mediaType) : "application/vnd.oci.image.manifest.v1+json";
      const digest = digestOfContent(text);
      for (const reference of [tag, digest]) registry.manifests.set(`${name}:${reference}`, { type, text });
      return digest;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}

/** An error as the specification shapes it. */
export function refuse(response: ServerResponse, status: number, code: string, message: string): true {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
  return true;
}

async function serve(registry: FakeRegistry, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url: path = "", headers } = incoming;
  const request = { method, path, headers };
  registry.requests.push(request);
  incoming.on("error", () => {});
  if (registry.onEach(request, response, incoming)) return;
  const [, name = "", kind = "", rest = ""] = /^\/v2\/(?:(.+)\/(manifests|blobs)\/([^?]*))?/.exec(path) ?? [];
  const query = new URL(path, "http://x").searchParams;
  if (kind === "manifests") return manifest(registry, { name, rest, method }, { incoming, response });
  if (kind === "blobs" && rest.startsWith("uploads/")) {
    return uploadBlob(registry, { name, rest, method, query }, { incoming, response });
  }
  if (kind === "blobs") return blob(registry.blobs.get(rest), request, response);
  incoming.resume();
  response.writeHead(path === "/v2/" ? 200 : 404).end("{}");
}

interface Wire {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

async function manifest(
  registry: FakeRegistry,
  { name, rest, method }: { name: string; rest: string; method: string },
  { incoming, response }: Wire,
): Promise<void> {
  if (method === "PUT") {
    const text = (await bodyOf(incoming)).toString();
    const stored = { type: incoming.headers["content-type"] ?? "", text };
    for (const reference of [rest, digestOfContent(text)]) registry.manifests.set(`${name}:${reference}`, stored);
    response.writeHead(201).end();
    return;
  }
  incoming.resume();
  const found = registry.manifests.get(`${name}:${rest}`);
  if (!found) refuse(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
  else response.writeHead(200, { "content-type": found.type }).end(found.text);
}

function blob(content: Buffer | undefined, { method, headers }: FakeRequest, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  if (!content) {
    refuse(response, 404, "BLOB_UNKNOWN", "blob unknown to registry");
    return;
  }
  const part = content.subarray(from);
  const range = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { "content-length": part.length, ...range });
  response.end(method === "HEAD" ? undefined : part);
}

async function uploadBlob(
  registry: FakeRegistry,
  { name, rest, method, query }: { name: string; rest: string; method: string; query: URLSearchParams },
  { incoming, response }: Wire,
): Promise<void> {
  const id = rest.slice("uploads/".length) || String(registry.uploads.size + 1);
  const mount = query.get("mount");
  const location = `/v2/${name}/blobs/uploads/${id}`;
  if (method === "POST") {
    incoming.resume();
    if (mount !== null && registry.blobs.has(mount)) {
      response.writeHead(201).end();
      return;
    }
    registry.uploads.set(id, []);
    response.writeHead(202, { location }).end();
    return;
  }
  const before = registry.uploads.get(id);
  if (!before) {
    incoming.resume();
    refuse(response, 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    return;
  }
  // What came before a break counts, as in registries that can resume.
  incoming.on("data", (chunk: Buffer) => before.push(chunk));
  await new Promise((resolve) => incoming.once("close", resolve).once("end", resolve));
  const content = Buffer.concat(before);
  const range = `0-${Math.max(content.length - 1, 0)}`;
  if (method === "GET") response.writeHead(204, { location, range }).end();
  else if (method === "PATCH") response.writeHead(202, { location, range }).end();
  else if (digestOfContent(content) !== query.get("digest")) refuse(response, 400, "DIGEST_INVALID", "digest differs");
  else {
    registry.addBlob(content);
    response.writeHead(201).end();
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of incoming) parts.push(chunk as Buffer);
  return Buffer.concat(parts);
}
