/**
 * Speaks with one endpoint of a registry: requests are authorized when they have to be, and repeated when it helps.
 *
 * Touches the world. Shared by the ways down and up, so that both have the same connections and tokens.
 */
import type { Clock } from "../base/clock.js";
import { Authorizer, type Credentials, type Wish } from "./auth/authorizer.js";
import { type Challenge, parseChallenge } from "./auth/challenge.js";
import type { Endpoint, RegistryConfig } from "./registry-config.js";
import { isInsecure, mirrorsOf, ownEndpointsOf } from "./registry-config.js";
import { connectionError, offlineError } from "./registry-errors.js";
import { Connections } from "./transport/connections.js";
import { discard, type HttpRequest, type HttpResponse } from "./transport/http-request.js";
import { type Line, sendPatiently } from "./transport/patiently.js";

/** `scopes` are what the request needs: `repository:a/b:pull`. */
export interface Ask extends Omit<HttpRequest, "headers"> {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly baseUrl: string;
  readonly scopes: readonly string[];
  readonly credentials?: Credentials | undefined;
  /** 1: a request that must not be repeated as it is. */
  readonly attempts?: number;
}

export class Exchange {
  readonly #config: RegistryConfig;
  readonly #line: Line;
  readonly authorizer: Authorizer;
  /** Whether a registry that may do without TLS does. */
  readonly #schemes = new Map<string, string>();

  constructor({ config, clock }: { config: RegistryConfig; clock: Clock }) {
    this.#config = config;
    const isUnverified = (host: string) => isInsecure(host, config);
    const { proxies, certificates } = config;
    const connections = new Connections({ proxies, certificates, isUnverified });
    this.#line = { connections, clock, reached: new Set() };
    this.authorizer = new Authorizer(this.#line);
  }

  /**
   * Any answer but a 401 that credentials could change. Credentials are the endpoint's: an address elsewhere, which a
   * registry may name for an upload, is shown none, and nobody but the endpoint may demand them.
   *
   * Rejects with system errors, "registry-denied".
   */
  async ask({ url, baseUrl, scopes, credentials, headers = {}, ...request }: Ask): Promise<HttpResponse> {
    const { origin } = new URL(baseUrl);
    if (new URL(url).origin !== origin) return sendPatiently(this.#line, url, { ...request, headers });
    const wish: Wish = { baseUrl, scopes, credentials };
    const known = this.authorizer.known(wish);
    const first = await sendPatiently(this.#line, url, { ...request, headers: { ...headers, ...authorized(known) } });
    if (first.status !== 401 || first.url.origin !== origin) return first;
    const challenge = parseChallenge(first.header("www-authenticate"));
    const answer = challenge && (await this.authorizer.answer(wish, challenge, request.signal));
    if (!answer) return first;
    discard(first);
    return sendPatiently(this.#line, url, { ...request, headers: { ...headers, ...authorized(answer) } });
  }

  /** What the registry demands of a stranger. Rejects with system errors. */
  async challenge(baseUrl: string, signal: AbortSignal): Promise<Challenge | undefined> {
    const response = await sendPatiently(this.#line, `${baseUrl}/v2/`, { method: "GET", headers: {}, signal });
    discard(response);
    return response.status === 401 ? parseChallenge(response.header("www-authenticate")) : undefined;
  }

  /** Asked before the registry itself. Throws "offline". */
  mirrors(domain: string): Endpoint[] {
    if (this.#config.isOffline) throw offlineError(domain);
    return mirrorsOf(domain, this.#config);
  }

  /**
   * The registry's own endpoint. One that may be spoken to without TLS is asked once how it answers.
   *
   * @throws {GantryError} "offline", "registry-unreachable"
   */
  async own(domain: string, signal: AbortSignal): Promise<Endpoint> {
    if (this.#config.isOffline) throw offlineError(domain);
    const [first, ...others] = ownEndpointsOf(domain, this.#config);
    if (others.length === 0) return first;
    const known = [first, ...others].find(({ baseUrl }) => baseUrl === this.#schemes.get(domain));
    return known ?? this.#probe(domain, [first, ...others], signal);
  }

  async #probe(domain: string, endpoints: readonly Endpoint[], signal: AbortSignal): Promise<Endpoint> {
    let failure: unknown;
    for (const endpoint of endpoints) {
      try {
        const url = `${endpoint.baseUrl}/v2/`;
        const response = await sendPatiently(this.#line, url, { method: "GET", headers: {}, signal, attempts: 1 });
        discard(response);
        // What speaks TLS answers plain requests by 400.
        if (response.status === 400 && endpoint !== endpoints.at(-1)) continue;
        this.#schemes.set(domain, endpoint.baseUrl);
        return endpoint;
      } catch (error) {
        signal.throwIfAborted();
        failure ??= connectionError(endpoint.baseUrl, error);
      }
    }
    throw failure;
  }
}

function authorized(header: string | undefined): Record<string, string> {
  return header === undefined ? {} : { authorization: header };
}
