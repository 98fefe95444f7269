/**
 * Fetches manifests and blobs from registries. Touches the world.
 *
 * Life: a client keeps connections and tokens for as long as it lives; there is nothing to close. Every call can be
 * given up by its signal at once.
 *
 * @see OCI distribution specification, "Pull"
 */
import { open, stat } from "node:fs/promises";
import { type Clock, sleep } from "../base/clock.js";
import { GantryError, messageOf } from "../base/errors.js";
import { type Digest, digestOf } from "../oci/digest.js";
import { acceptedManifests, type Descriptor } from "../oci/manifest.js";
import { canonicalName, type ImageReference } from "../oci/reference.js";
import type { Credentials } from "./auth/authorizer.js";
import { Exchange } from "./exchange.js";
import { RegistryPusher } from "./push/registry-pusher.js";
import type { Endpoint, RegistryConfig } from "./registry-config.js";
import {
  connectionError,
  deniedError,
  missingError,
  missingRepositoryError,
  registryText,
  statusError,
} from "./registry-errors.js";
import { isTransientError, maxAttempts, waitMs } from "./retry.js";
import { nextPage, parseTagPage } from "./tag-list.js";
import { type HttpResponse, readText } from "./transport/http-request.js";

export interface RegistryCall {
  readonly signal: AbortSignal;
  readonly credentials?: Credentials;
}

/** `digest` is that of `text`, checked against what was asked for. */
export interface FetchedManifest {
  readonly digest: Digest;
  readonly text: string;
}

export interface RegistryClient {
  /** The way up. */
  readonly pusher: RegistryPusher;
  /** Whether others are asked before the registry itself. */
  hasMirrors(reference: ImageReference): boolean;
  /** By tag, or by digest when the reference or `digest` has one. Throws "image-not-found", "registry-…". */
  fetchManifest(reference: ImageReference, call: RegistryCall & { digest?: Digest }): Promise<FetchedManifest>;
  /** Every tag of the repository, in the registry's order. Throws "image-not-found", "registry-…". */
  listTags(repository: ImageReference, call: RegistryCall): Promise<string[]>;
  /**
   * Completes the file at `path`: what it holds already is kept, and only the rest is asked for. Its digest is not
   * checked here. After a failure the file holds what came, for the next call.
   */
  fetchBlob(reference: ImageReference, blob: Descriptor, call: BlobCall): Promise<void>;
}

/** `isDistrusted`: what came last was damaged, so mirrors are asked after the registry itself. */
export interface BlobCall extends RegistryCall {
  readonly path: string;
  readonly onBytes: (current: number) => void;
  readonly isDistrusted?: boolean;
}

/** Larger manifests are an attempt to fill memory. The specification asks registries for four megabytes at least. */
const maxManifestBytes = 4 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;
/** The largest public repositories have some ten thousand tags, registries tell them by the hundred or the thousand. */
const maxTagPages = 500;

export function createRegistryClient({ config, clock }: { config: RegistryConfig; clock: Clock }): RegistryClient {
  return new HttpRegistryClient(config, clock);
}

const tagList = "tags/list";

/** One request for one repository; `headers` without authorization. */
interface BlobOrManifest {
  readonly reference: ImageReference;
  /** After `/v2/NAME/`. */
  readonly resource: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly isDistrusted?: boolean;
}

class HttpRegistryClient implements RegistryClient {
  readonly pusher: RegistryPusher;
  readonly #clock: Clock;
  readonly #exchange: Exchange;
  /** The endpoint that answered last for a repository is asked first for its blobs. */
  readonly #preferred = new Map<string, string>();

  constructor(config: RegistryConfig, clock: Clock) {
    this.#clock = clock;
    this.#exchange = new Exchange({ config, clock });
    this.pusher = new RegistryPusher(this.#exchange, clock);
  }

  hasMirrors({ domain }: ImageReference): boolean {
    return this.#exchange.mirrors(domain).length > 0;
  }

  async fetchManifest(
    reference: ImageReference,
    { digest, ...call }: RegistryCall & { digest?: Digest },
  ): Promise<FetchedManifest> {
    const wanted = digest ?? reference.digest;
    const resource = `manifests/${wanted ?? reference.tag}`;
    const request = { reference, resource, headers: { accept: acceptedManifests.join(", ") } };
    return this.#anywhere(request, call, async (endpoint) => {
      const response = await this.#get(endpoint, request, call);
      const text = await readText(response, maxManifestBytes);
      const actual = digestOf(text);
      if (wanted && actual !== wanted) {
        throw new GantryError("blob-corrupt", `Manifest ${wanted} from ${endpoint.baseUrl} has the digest ${actual}`);
      }
      return { digest: actual, text };
    });
  }

  async listTags(reference: ImageReference, call: RegistryCall): Promise<string[]> {
    const first = { reference, resource: tagList, headers: {} };
    return this.#anywhere(first, call, async (endpoint) => {
      const tags = new Set<string>();
      const asked = new Set<string>();
      for (let query: string | undefined = ""; query !== undefined; ) {
        if (asked.has(query) || asked.size === maxTagPages) {
          throw new GantryError("registry-failed", `${endpoint.baseUrl} lists tags of ${reference.path} without end`);
        }
        asked.add(query);
        const resource = query === "" ? tagList : `${tagList}?${query}`;
        const response = await this.#get(endpoint, { ...first, resource }, call);
        for (const tag of parseTagPage(await readText(response, maxManifestBytes))) tags.add(tag);
        query = nextPage(response.header("link"));
      }
      return [...tags];
    });
  }

  async fetchBlob(
    reference: ImageReference,
    blob: Descriptor,
    { path, onBytes, isDistrusted = false, ...call }: BlobCall,
  ): Promise<void> {
    const request = { reference, resource: `blobs/${blob.digest}`, headers: {}, isDistrusted };
    await this.#anywhere(request, call, async (endpoint) => {
      for (let failures = 0; ; ) {
        const before = await sizeOf(path);
        if (before === blob.sizeBytes && before > 0) return;
        try {
          await this.#resume(endpoint, request, { ...call, path, onBytes, blob, from: before });
          return;
        } catch (error) {
          call.signal.throwIfAborted();
          const hasMoved = (await sizeOf(path)) > before;
          failures = hasMoved ? 1 : failures + 1; // what moves on may go on
          if (failures >= maxAttempts || !isTransientError(error, hasMoved)) throw error;
          const wait = waitMs(failures, { retryAfter: undefined, random: Math.random(), now: this.#clock.now() });
          await sleep(wait ?? 0, call.signal);
        }
      }
    });
  }

  /** One request for the rest of a blob, appended to the file. */
  async #resume(
    endpoint: Endpoint,
    request: BlobOrManifest,
    part: RegistryCall & { path: string; onBytes: (current: number) => void; blob: Descriptor; from: number },
  ): Promise<void> {
    const { blob, path, onBytes } = part;
    const canResume = part.from > 0 && part.from < blob.sizeBytes;
    const headers = canResume ? { ...request.headers, range: `bytes=${part.from}-` } : request.headers;
    const response = await this.#get(endpoint, { ...request, headers }, part);
    const continues = response.status === 206 && response.header("content-range")?.startsWith(`bytes ${part.from}-`);
    let at = continues ? part.from : 0;
    const file = await open(path, continues ? "a" : "w", 0o600);
    try {
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        at += chunk.length;
        if (at > blob.sizeBytes) throw new GantryError("blob-corrupt", `Blob ${blob.digest} is longer than announced`);
        await file.write(chunk);
        onBytes(at);
      }
    } finally {
      await file.close();
    }
    if (at < blob.sizeBytes) throw Object.assign(new Error("The connection ended early"), { code: "ECONNRESET" });
  }

  /** Asks the endpoints in order until one has an answer; otherwise the registry's own failure is what is told. */
  async #anywhere<T>(
    { reference, resource, isDistrusted = false }: BlobOrManifest,
    { signal }: RegistryCall,
    ask: (endpoint: Endpoint) => Promise<T>,
  ): Promise<T> {
    const repository = canonicalName(reference);
    const preferred = resource.startsWith("blobs/") ? this.#preferred.get(repository) : undefined;
    const mirrors = this.#exchange.mirrors(reference.domain);
    // What the registry itself has told of, it is asked for first.
    const isOwnFirst = isDistrusted || (preferred !== undefined && !mirrors.some((one) => one.baseUrl === preferred));
    mirrors.sort((a, b) => Number(b.baseUrl === preferred) - Number(a.baseUrl === preferred));
    const own = () => this.#exchange.own(reference.domain, signal);
    const others = mirrors.map((mirror) => async () => mirror);
    const failures: Array<{ endpoint: Endpoint; error: unknown }> = [];
    let told: unknown;
    for (const find of isOwnFirst ? [own, ...others] : [...others, own]) {
      let endpoint: Endpoint | undefined;
      try {
        endpoint = await find();
        const answer = await ask(endpoint);
        this.#preferred.set(repository, endpoint.baseUrl);
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (endpoint?.isMirror) failures.push({ endpoint, error });
        else told = endpoint ? connectionError(endpoint.baseUrl, error) : error;
      }
    }
    throw withMirrors(told, failures);
  }

  /** A successful response. Throws system errors and those of `registry-errors.ts`. */
  async #get(endpoint: Endpoint, request: BlobOrManifest, call: RegistryCall): Promise<HttpResponse> {
    const { reference, resource } = request;
    const { baseUrl } = endpoint;
    const credentials = endpoint.isMirror ? undefined : call.credentials;
    const response = await this.#exchange.ask({
      ...{ method: "GET", baseUrl, credentials, signal: call.signal },
      url: `${baseUrl}/v2/${reference.path}/${resource}`,
      scopes: [`repository:${reference.path}:pull`],
      headers: { "accept-encoding": "identity", ...request.headers },
    });
    if (response.status >= 200 && response.status <= 299) return response;
    throw await refusal(response, endpoint, { ...request, hasCredentials: credentials !== undefined });
  }
}

async function refusal(
  response: HttpResponse,
  { baseUrl }: Endpoint,
  { reference, resource, hasCredentials }: BlobOrManifest & { hasCredentials: boolean },
): Promise<GantryError> {
  const { status } = response;
  const said = registryText(await readText(response, maxErrorBytes).catch(() => ""));
  if (status === 401 || status === 403) return deniedError(reference, hasCredentials, said);
  if (status === 404 && resource.startsWith("manifests/")) return missingError(reference);
  if (status === 404 && resource.startsWith(tagList)) return missingRepositoryError(reference);
  return statusError({ status, said, retryAfter: response.header("retry-after") }, baseUrl, resource);
}

/** The registry's own failure, with what the mirrors said as a hint. */
function withMirrors(error: unknown, failures: ReadonlyArray<{ endpoint: Endpoint; error: unknown }>): unknown {
  if (failures.length === 0 || !(error instanceof GantryError)) return error;
  const mirrors = failures.map(
    ({ endpoint, error: one }) => `${endpoint.baseUrl}: ${messageOf(connectionError(endpoint.baseUrl, one))}`,
  );
  return new GantryError(error.code, error.message, { hint: `The mirrors said: ${mirrors.join("; ")}`, cause: error });
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
