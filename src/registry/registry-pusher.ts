/**
 * Sends blobs and manifests to registries, and checks credentials. Touches the world.
 *
 * Mirrors are never written to. A blob goes up in one request after the registry said that it does not have it.
 *
 * @see OCI distribution specification, "Push"
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../base/clock.js";
import { GantryError } from "../base/errors.js";
import type { Digest } from "../oci/digest.js";
import { familiarName, type ImageReference } from "../oci/reference.js";
import { Authorizer, type Credentials } from "./authorizer.js";
import { parseChallenge } from "./challenge.js";
import type { RegistryCall } from "./registry-client.js";
import { endpointsOf, type RegistryConfig } from "./registry-config.js";
import { connectionError, statusError } from "./registry-errors.js";

export interface PushedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** From the start each time: an upload may have to be repeated with a new token. */
  open(): Readable;
}

/** `mounted` took it from another repository of the same registry. */
export type PushOutcome = { readonly kind: "exists" | "pushed" } | { readonly kind: "mounted"; readonly from: string };

interface Sent {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly sizeBytes: number; open(): Readable | string };
}

/** Nothing for this long means that the connection is dead. */
const idleTimeoutMs = 120_000;

export class RegistryPusher {
  readonly #config: RegistryConfig;
  readonly #authorizer: Authorizer;

  constructor({ config, clock }: { config: RegistryConfig; clock: Clock }) {
    this.#config = config;
    this.#authorizer = new Authorizer(clock);
  }

  /** `from` are repositories of the same registry that may have it. Throws "registry-…". */
  async pushBlob(
    reference: ImageReference,
    blob: PushedBlob,
    call: RegistryCall & { from: readonly string[]; onBytes: (current: number) => void },
  ): Promise<PushOutcome> {
    const base = await this.#base(reference.domain, call.signal);
    const blobs = `${base}/v2/${reference.path}/blobs`;
    const push = { reference, call };
    const known = await this.#send({ method: "HEAD", url: new URL(`${blobs}/${blob.digest}`) }, push);
    if (known.statusCode === 200) return { kind: "exists" };
    const [from] = call.from;
    const mount =
      from === undefined ? "" : `?mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(from)}`;
    const begun = await this.#send({ method: "POST", url: new URL(`${blobs}/uploads/${mount}`) }, push);
    if (begun.statusCode === 201 && from !== undefined) return { kind: "mounted", from };
    if (begun.statusCode !== 202 || begun.headers.location === undefined) throw refusal(begun, reference, call);
    const url = new URL(begun.headers.location, `${base}/`);
    url.searchParams.set("digest", blob.digest);
    const headers = { "content-type": "application/octet-stream" };
    const body = { sizeBytes: blob.sizeBytes, open: () => counted(blob.open(), call.onBytes) };
    const done = await this.#send({ method: "PUT", url, headers, body }, push);
    if (done.statusCode !== 201) throw refusal(done, reference, call);
    return { kind: "pushed" };
  }

  /** Under the reference's tag, or its digest. Everything that it names has to be there. */
  async pushManifest(
    reference: ImageReference,
    manifest: { mediaType: string; text: string },
    call: RegistryCall,
  ): Promise<void> {
    const base = await this.#base(reference.domain, call.signal);
    const url = new URL(`${base}/v2/${reference.path}/manifests/${reference.tag ?? reference.digest ?? "latest"}`);
    const body = { sizeBytes: Buffer.byteLength(manifest.text), open: () => manifest.text };
    const headers = { "content-type": manifest.mediaType };
    const reply = await this.#send({ method: "PUT", url, headers, body }, { reference, call });
    if (reply.statusCode !== 201) throw refusal(reply, reference, call);
  }

  /** Resolves when the registry takes the credentials. Throws "registry-denied", "registry-unreachable". */
  async login(domain: string, call: RegistryCall & { credentials: Credentials }): Promise<void> {
    const base = await this.#base(domain, call.signal);
    const reply = await this.#send({ method: "GET", url: new URL(`${base}/v2/`) }, { call });
    if (reply.statusCode === 200) return;
    if (reply.statusCode === 401 || reply.statusCode === 403) {
      throw new GantryError("registry-denied", `Get "${base}/v2/": unauthorized: incorrect username or password`);
    }
    throw statusError(reply.statusCode ?? 0, base, "/v2/");
  }

  /** The registry's own endpoint that answers. */
  async #base(domain: string, signal: AbortSignal): Promise<string> {
    let failure: unknown;
    for (const { baseUrl } of endpointsOf(domain, this.#config).filter(({ isMirror }) => !isMirror)) {
      try {
        await exchange({ method: "GET", url: new URL(`${baseUrl}/v2/`) }, { signal, headers: {} });
        return baseUrl;
      } catch (error) {
        signal.throwIfAborted();
        failure ??= connectionError(baseUrl, error);
      }
    }
    throw failure;
  }

  /** Authorizes when it is asked to, once. The reply's body is given up. */
  async #send(
    sent: Sent,
    { reference, call }: { reference?: ImageReference; call: RegistryCall },
  ): Promise<IncomingMessage> {
    const scope = reference ? `repository:${reference.path}:pull,push` : "";
    const key = `${sent.url.origin} ${scope} ${call.credentials?.username ?? ""}`;
    const known = this.#authorizer.known(key);
    const first = await exchange(sent, { signal: call.signal, headers: known ? { authorization: known } : {} });
    if (first.statusCode !== 401) return first;
    const challenge = parseChallenge(first.headers["www-authenticate"]);
    if (!challenge) return first;
    const context = { credentials: call.credentials, signal: call.signal, scope };
    const authorization = await this.#authorizer.answer(key, challenge, context);
    return authorization ? exchange(sent, { signal: call.signal, headers: { authorization } }) : first;
  }
}

async function exchange(
  { method, url, headers, body }: Sent,
  more: { signal: AbortSignal; headers: Readonly<Record<string, string>> },
): Promise<IncomingMessage> {
  const outgoing = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
    method,
    headers: { ...headers, ...more.headers, "content-length": body?.sizeBytes ?? 0 },
    signal: more.signal,
    timeout: idleTimeoutMs,
  });
  outgoing.on("timeout", () => outgoing.destroy(Object.assign(new Error("No answer"), { code: "ETIMEDOUT" })));
  const replied = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve).on("error", reject);
  });
  const content = body?.open();
  if (content === undefined || typeof content === "string") outgoing.end(content);
  // A registry that refuses answers before it has read all; the answer is what counts.
  else
    pipeline(content, outgoing).catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
  const reply = await replied;
  reply.on("error", () => {}).resume();
  return reply;
}

function counted(source: Readable, onBytes: (current: number) => void): Readable {
  let current = 0;
  source.on("data", (chunk: Buffer) => {
    current += chunk.length;
    onBytes(current);
  });
  return source;
}

function refusal({ statusCode = 0 }: IncomingMessage, reference: ImageReference, { credentials }: RegistryCall): Error {
  const name = familiarName(reference);
  if (statusCode === 401 || statusCode === 403) {
    return new GantryError("registry-denied", `denied: requested access to the resource ${name} is denied`, {
      hint: credentials ? "The credentials do not let you write there" : "Log in to the registry first",
    });
  }
  return new GantryError("registry-failed", `${reference.domain} answered ${statusCode} while ${name} was pushed`);
}
