/**
 * Sends blobs and manifests to registries, and checks credentials. Touches the world.
 *
 * Mirrors are never written to. A blob goes up after the registry said that it does not have it.
 *
 * @see OCI distribution specification, "Push"
 */
import { type Clock, sleep } from "../../base/clock.js";
import { GantryError } from "../../base/errors.js";
import { familiarName, type ImageReference } from "../../oci/reference.js";
import type { Credentials } from "../auth/authorizer.js";
import type { Ask, Exchange } from "../exchange.js";
import type { RegistryCall } from "../registry-client.js";
import { connectionError, registryText, statusError } from "../registry-errors.js";
import { waitMs } from "../retry.js";
import { discard, type HttpResponse, readText } from "../transport/http-request.js";
import { type PushedBlob, upload } from "./upload.js";

export type { PushedBlob } from "./upload.js";

/** `mounted` took it from another repository of the same registry. */
export type PushOutcome = { readonly kind: "exists" | "pushed" } | { readonly kind: "mounted"; readonly from: string };

/** More repositories than this are not tried: each may cost a request. */
const maxMountAttempts = 3;
/** An upload that a registry has forgotten is begun anew. */
const maxUploads = 3;
const maxErrorBytes = 64 * 1024;

type Request = Pick<Ask, "method" | "url" | "headers" | "body" | "attempts"> & { readonly scopes?: readonly string[] };

export class RegistryPusher {
  readonly #exchange: Exchange;
  readonly #clock: Clock;

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange;
    this.#clock = clock;
  }

  /** `from` are repositories of the same registry that may have it. Throws "registry-…", "offline". */
  async pushBlob(
    reference: ImageReference,
    blob: PushedBlob,
    call: RegistryCall & { from: readonly string[]; onBytes: (current: number) => void },
  ): Promise<PushOutcome> {
    return this.#at(reference.domain, call, async (baseUrl) => {
      const blobs = `${baseUrl}/v2/${reference.path}/blobs`;
      const ask = (request: Request) => this.#ask(baseUrl, request, { reference, call });
      const known = await ask({ method: "HEAD", url: `${blobs}/${blob.digest}` });
      discard(known);
      if (known.status === 200) return { kind: "exists" };
      const mounted = await mount({ blobs, blob, from: call.from, ask });
      if (mounted.kind === "mounted") return mounted;
      return this.#upload(blob, { ...mounted, blobs, ask, refused: (reply) => refusal(reply, reference, call) }, call);
    });
  }

  /** Whether the repository has the blob, or has now taken it from one of `from`; nothing is sent. */
  async findBlob(
    reference: ImageReference,
    blob: Pick<PushedBlob, "digest">,
    call: RegistryCall & { from: readonly string[] },
  ): Promise<boolean> {
    return this.#at(reference.domain, call, async (baseUrl) => {
      const blobs = `${baseUrl}/v2/${reference.path}/blobs`;
      const ask = (request: Request) => this.#ask(baseUrl, request, { reference, call });
      const known = await ask({ method: "HEAD", url: `${blobs}/${blob.digest}` });
      discard(known);
      if (known.status === 200) return true;
      const mounted = await mount({ blobs, blob, from: call.from, ask });
      if (mounted.kind === "not" && mounted.begun) await giveUp(mounted.begun, ask);
      return mounted.kind === "mounted";
    });
  }

  async #upload(
    blob: PushedBlob,
    {
      begun,
      blobs,
      ask,
      refused,
    }: {
      begun: HttpResponse | undefined;
      blobs: string;
      ask: (request: Request) => Promise<HttpResponse>;
      refused: (reply: HttpResponse) => Promise<GantryError>;
    },
    { signal, onBytes }: RegistryCall & { onBytes: (current: number) => void },
  ): Promise<PushOutcome> {
    for (let uploads = 1; ; uploads += 1) {
      const opened = (uploads === 1 && begun) || (await ask({ method: "POST", url: `${blobs}/uploads/` }));
      if (opened.status !== 202 || opened.header("location") === undefined) throw await refused(opened);
      discard(opened);
      const style = uploads === 1 ? "whole" : "chunks";
      const done = await upload(blob, opened, { ask, clock: this.#clock, signal, onBytes, style });
      if (done.status === 201 || done.status === 204) {
        discard(done);
        return { kind: "pushed" };
      }
      if (done.status !== 404 || uploads === maxUploads) throw await refused(done);
      discard(done);
      const wait = waitMs(uploads, { retryAfter: undefined, random: Math.random(), now: this.#clock.now() });
      await sleep(wait ?? 0, signal);
    }
  }

  /** Under the reference's tag, or its digest. Everything that it names has to be there. */
  async pushManifest(
    reference: ImageReference,
    manifest: { mediaType: string; text: string },
    call: RegistryCall,
  ): Promise<void> {
    await this.#at(reference.domain, call, async (baseUrl) => {
      const url = `${baseUrl}/v2/${reference.path}/manifests/${reference.tag ?? reference.digest ?? "latest"}`;
      const body = { sizeBytes: Buffer.byteLength(manifest.text), open: () => manifest.text };
      const headers = { "content-type": manifest.mediaType };
      const reply = await this.#ask(baseUrl, { method: "PUT", url, headers, body }, { reference, call });
      if (reply.status !== 201) throw await refusal(reply, reference, call);
      discard(reply);
    });
  }

  /**
   * Resolves when the registry takes the credentials, with the token that its server gives to stand for them, if any.
   *
   * @throws {GantryError} "registry-denied", "registry-unreachable", "registry-failed", "offline"
   */
  async login(
    domain: string,
    call: RegistryCall & { credentials: Credentials },
  ): Promise<{ identityToken?: string | undefined }> {
    return this.#at(domain, call, async (baseUrl) => {
      const { credentials, signal } = call;
      const url = `${baseUrl}/v2/`;
      const open = await this.#exchange.ask({ method: "GET", url, baseUrl, scopes: [], signal, credentials });
      const text = registryText(await readText(open, maxErrorBytes).catch(() => ""));
      if (open.status === 401 || open.status === 403) {
        throw new GantryError("registry-denied", `Get "${url}": unauthorized: incorrect username or password`);
      }
      if (open.status !== 200) throw statusError({ status: open.status, said: text }, baseUrl, "/v2/");
      const challenge = await this.#exchange.challenge(baseUrl, signal);
      if (!challenge) return {};
      const wish = { baseUrl, scopes: [], credentials };
      return { identityToken: await this.#exchange.authorizer.identityToken(wish, challenge, signal) };
    });
  }

  async #at<T>(domain: string, { signal }: RegistryCall, work: (baseUrl: string) => Promise<T>): Promise<T> {
    const { baseUrl } = await this.#exchange.own(domain, signal);
    try {
      return await work(baseUrl);
    } catch (error) {
      signal.throwIfAborted();
      throw connectionError(baseUrl, error);
    }
  }

  #ask(
    baseUrl: string,
    { scopes = [], ...request }: Request,
    { reference, call }: { reference: ImageReference; call: RegistryCall },
  ): Promise<HttpResponse> {
    const { signal, credentials } = call;
    const own = `repository:${reference.path}:pull,push`;
    return this.#exchange.ask({ ...request, baseUrl, credentials, signal, scopes: [own, ...scopes] });
  }
}

/** Or the upload that the registry opened because it would rather have the blob sent. */
async function mount({
  blobs,
  blob,
  from,
  ask,
}: {
  blobs: string;
  blob: Pick<PushedBlob, "digest">;
  from: readonly string[];
  ask: (request: Request) => Promise<HttpResponse>;
}): Promise<
  | { readonly kind: "mounted"; readonly from: string }
  | { readonly kind: "not"; readonly begun: HttpResponse | undefined }
> {
  let begun: HttpResponse | undefined;
  for (const repository of from.slice(0, maxMountAttempts)) {
    const query = new URLSearchParams({ mount: blob.digest, from: repository });
    const scopes = [`repository:${repository}:pull`];
    const reply = await ask({ method: "POST", url: `${blobs}/uploads/?${query}`, scopes });
    discard(reply);
    if (begun) await giveUp(begun, ask);
    begun = reply.status === 202 ? reply : undefined;
    if (reply.status === 201) return { kind: "mounted", from: repository };
  }
  return { kind: "not", begun };
}

/** An upload that is not needed is told to the registry, which would keep it for days; it need not listen. */
async function giveUp(begun: HttpResponse, ask: (request: Request) => Promise<HttpResponse>): Promise<void> {
  const location = begun.header("location");
  if (!location || !URL.canParse(location, begun.url.href)) return;
  discard(await ask({ method: "DELETE", url: new URL(location, begun.url).href, attempts: 1 }));
}

async function refusal(
  response: HttpResponse,
  reference: ImageReference,
  { credentials }: RegistryCall,
): Promise<GantryError> {
  const { status } = response;
  const name = familiarName(reference);
  const said = registryText(await readText(response, maxErrorBytes).catch(() => ""));
  if (status === 401 || status === 403) {
    const why = said ? `: ${said}` : "";
    return new GantryError("registry-denied", `denied: requested access to the resource ${name} is denied${why}`, {
      hint: credentials ? "The credentials do not let you write there" : "Log in to the registry first",
    });
  }
  const refused = { status, said, retryAfter: response.header("retry-after") };
  return statusError(refused, response.url.href, `the push of ${name}`);
}
