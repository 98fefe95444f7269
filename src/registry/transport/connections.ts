/**
 * Connections to registries: kept for reuse, through a proxy where one is set, with the certificates of each host.
 *
 * Touches the world. Life: nothing to close; idle connections end by themselves.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { GantryError } from "../../base/errors.js";
import { networkCodeOf } from "../retry.js";
import { type CertificateSettings, fingerprintOf, readTrust } from "./certificates.js";
import { type ProxySettings, proxyAuthorization, proxyFor } from "./proxy.js";

export interface ConnectionSettings {
  readonly proxies: ProxySettings;
  readonly certificates: CertificateSettings;
  /** Whether TLS with that host (`host[:port]`) goes without a look at its certificate. */
  readonly isUnverified: (host: string) => boolean;
}

/** How long files of certificates are believed to be as they were. */
const freshMs = 2_000;
const connectLimitMs = 30_000;
/** An idle connection is closed before the other side does it: registries keep them for a minute and more. */
const agentOptions = { keepAlive: true, timeout: 60_000 } as const;

interface Kept {
  readonly agent: HttpsAgent;
  readonly fingerprint: string;
  checkedAtMs: number;
}

export class Connections {
  readonly #settings: ConnectionSettings;
  readonly #plain = new HttpAgent(agentOptions);
  readonly #secure = new Map<string, Kept>();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** A request that is yet to be sent. Throws "bad-parameter" for a proxy or a certificate that is none. */
  open(url: URL, options: RequestOptions): ClientRequest {
    const proxy = proxyFor(url, this.#settings.proxies);
    if (url.protocol === "https:") return httpsRequest(url, { ...options, agent: this.#agentFor(url, proxy) });
    if (!proxy) return httpRequest(url, { ...options, agent: this.#plain });
    const headers = { ...options.headers, host: url.host, ...proxyAuthorization(proxy) };
    return throughProxy(proxy, { ...options, path: url.href, headers });
  }

  /** A plain request's failure or refusal (407) as its proxy's, where there is one; a tunnel tells its own. */
  blamed(url: URL, what: { readonly status: number } | { readonly error: Error }): Error | undefined {
    const proxy = url.protocol === "http:" ? proxyFor(url, this.#settings.proxies) : undefined;
    if ("status" in what) {
      if (!proxy || what.status !== 407) return undefined;
      return unreachable(proxy, `refuses the request for ${url.host} (${what.status})`);
    }
    const isUnreachable =
      proxy && /^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH)$/.test(networkCodeOf(what.error) ?? "");
    return isUnreachable ? unreachable(proxy, "cannot be reached", what.error) : undefined;
  }

  #agentFor({ host }: URL, proxy: URL | undefined): HttpsAgent {
    const { certificates, isUnverified } = this.#settings;
    const key = `${host} ${proxy?.href ?? ""}`;
    const kept = this.#secure.get(key);
    const now = performance.now();
    if (kept && now - kept.checkedAtMs < freshMs) return kept.agent;
    const fingerprint = fingerprintOf(host, certificates);
    if (kept?.fingerprint === fingerprint) {
      kept.checkedAtMs = now;
      return kept.agent;
    }
    const options = { ...agentOptions, ...readTrust(host, certificates), rejectUnauthorized: !isUnverified(host) };
    const agent = proxy ? new TunnelAgent(proxy, options) : new HttpsAgent(options);
    this.#secure.set(key, { agent, fingerprint, checkedAtMs: now });
    return agent;
  }
}

/** Plain requests to the proxy itself, which may be behind TLS. */
function throughProxy(proxy: URL, options: RequestOptions): ClientRequest {
  const isTls = proxy.protocol === "https:";
  const address = { host: proxy.hostname.replace(/^\[|\]$/g, ""), port: proxy.port || (isTls ? 443 : 80) };
  return (isTls ? httpsRequest : httpRequest)({ ...options, ...address });
}

/** TLS with a registry inside a tunnel that its proxy makes (CONNECT). */
class TunnelAgent extends HttpsAgent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: ConstructorParameters<typeof HttpsAgent>[0]) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(
    options: RequestOptions & ConnectionOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const host = options.host ?? "";
    const target = `${isIP(host) === 6 ? `[${host}]` : host}:${options.port}`;
    const give = callback as (error: Error | null, stream?: Duplex) => void; // without an error there is a stream
    const headers = { host: target, ...proxyAuthorization(this.#proxy) };
    const asking = throughProxy(this.#proxy, { method: "CONNECT", path: target, headers, timeout: connectLimitMs });
    asking.once("timeout", () => asking.destroy(Object.assign(new Error("No answer"), { code: "ETIMEDOUT" })));
    asking.once("error", (cause) => give(unreachable(this.#proxy, "cannot be reached", cause)));
    asking.once("connect", (reply, socket) => {
      if (reply.statusCode === 200) {
        socket.setTimeout(0);
        give(null, connectTls({ ...options, socket, servername: isIP(host) ? "" : host } as ConnectionOptions));
        return;
      }
      socket.destroy();
      give(unreachable(this.#proxy, `refuses to connect to ${target} (${reply.statusCode})`));
    });
    asking.end();
  }
}

function unreachable({ host }: URL, why: string, cause?: Error): GantryError {
  return new GantryError("registry-unreachable", `The proxy ${host} ${why}`, {
    hint: "Check HTTP_PROXY and HTTPS_PROXY, or name the registry in NO_PROXY",
    ...(cause ? { cause } : {}),
  });
}
