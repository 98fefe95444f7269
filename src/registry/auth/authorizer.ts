/**
 * Answers a registry's demand for authorization: basic, or a token fetched from the server that it names.
 *
 * Touches the world. What was answered is kept until shortly before it expires, and only for whom it was made out to.
 * Secrets go into headers only, never into errors.
 *
 * @see distribution, "Token Authentication Specification" and "Oauth2 Token Authentication"
 */
import { createHash } from "node:crypto";
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { registryText, statusError } from "../registry-errors.js";
import { discard, type HttpRequest, readText } from "../transport/http-request.js";
import { type Line, sendPatiently } from "../transport/patiently.js";
import type { Challenge } from "./challenge.js";

/** `registrytoken` is shown to the registry as it is; `identitytoken` to the server of tokens. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** For whom, at which endpoint, and for what: `repository:a/b:pull`, perhaps several. */
export interface Wish {
  readonly baseUrl: string;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
}

/** What the specification says for a server that does not tell. */
const defaultTokenSeconds = 60;
/** Basic credentials do not expire; they are forgotten, so that a change is noticed. */
const basicSeconds = 300;
const maxTokenBytes = 1024 * 1024;
/** A token that ends during a request is worth nothing. */
const tokenMarginMs = 5_000;
const clientId = "gantry";

export class Authorizer {
  readonly #line: Line;
  readonly #headers = new Map<string, { header: string; untilMs: number }>();

  constructor(line: Line) {
    this.#line = line;
  }

  /** The header kept for that wish, if it is still good. */
  known(wish: Wish): string | undefined {
    if (wish.credentials?.registrytoken) return `Bearer ${wish.credentials.registrytoken}`;
    const kept = this.#headers.get(keyOf(wish));
    return kept && kept.untilMs > this.#line.clock.monotonicMs() ? kept.header : undefined;
  }

  /** The `Authorization` header that answers the challenge; undefined when nothing can. Throws "registry-denied". */
  async answer(wish: Wish, challenge: Challenge, signal: AbortSignal): Promise<string | undefined> {
    if (wish.credentials?.registrytoken) return undefined; // it was shown, and is not taken
    if (challenge.kind === "basic") {
      const header = basicHeader(wish.credentials);
      if (header) this.#keep(wish, { header, seconds: basicSeconds });
      return header;
    }
    const { token, seconds } = await this.#fetchToken(wish, challenge, { signal });
    this.#keep(wish, { header: `Bearer ${token}`, seconds });
    return `Bearer ${token}`;
  }

  /** A token that stands for user and password from now on, where the server gives such. Throws "registry-denied". */
  async identityToken(wish: Wish, challenge: Challenge, signal: AbortSignal): Promise<string | undefined> {
    if (challenge.kind === "basic" || !wish.credentials?.username) return undefined;
    return (await this.#fetchToken(wish, challenge, { signal, isOffline: true })).refreshToken;
  }

  #keep(wish: Wish, { header, seconds }: { header: string; seconds: number }): void {
    const now = this.#line.clock.monotonicMs();
    for (const [key, { untilMs }] of this.#headers) if (untilMs <= now) this.#headers.delete(key);
    this.#headers.set(keyOf(wish), { header, untilMs: now + seconds * 1000 - tokenMarginMs });
  }

  async #fetchToken(
    wish: Wish,
    { realm, service, scope }: BearerChallenge,
    { signal, isOffline = false }: { signal: AbortSignal; isOffline?: boolean },
  ): Promise<{ token: string; seconds: number; refreshToken?: string }> {
    const url = new URL(realm);
    if (wish.credentials && url.protocol === "http:" && wish.baseUrl.startsWith("https:")) {
      throw new GantryError("registry-failed", `${wish.baseUrl} names a server of tokens without TLS: ${url.host}`);
    }
    const scopes = [...new Set([...(scope ? [scope] : wish.scopes.slice(0, 1)), ...wish.scopes.slice(1)])];
    const request = tokenRequest(url, { service, scopes, credentials: wish.credentials, isOffline });
    const response = await sendPatiently(this.#line, url.href, { ...request, signal });
    if (response.status === 401 || response.status === 403) {
      discard(response);
      throw new GantryError("registry-denied", `unauthorized: ${url.host} refused the credentials`, {
        hint: "Log in again, or pull without credentials",
      });
    }
    const text = await readText(response, maxTokenBytes);
    if (response.status !== 200) {
      const refusal = { status: response.status, said: registryText(text), retryAfter: response.header("retry-after") };
      throw statusError(refusal, url.href, "a token");
    }
    return parseToken(text, url.host);
  }
}

type BearerChallenge = Extract<Challenge, { kind: "bearer" }>;

function tokenRequest(
  url: URL,
  {
    service,
    scopes,
    credentials,
    isOffline,
  }: {
    service: string | undefined;
    scopes: readonly string[];
    credentials: Credentials | undefined;
    isOffline: boolean;
  },
): Omit<HttpRequest, "signal"> {
  if (credentials?.identitytoken) {
    const form = new URLSearchParams({
      ...{ grant_type: "refresh_token", refresh_token: credentials.identitytoken, client_id: clientId },
      ...(service ? { service } : {}),
      ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
    }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", headers, body: { sizeBytes: Buffer.byteLength(form), open: () => form } };
  }
  if (service) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credentials?.username) url.searchParams.set("account", credentials.username);
  if (isOffline) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", clientId);
  }
  const basic = basicHeader(credentials);
  return { method: "GET", headers: basic ? { authorization: basic } : {} };
}

function parseToken(text: string, host: string): { token: string; seconds: number; refreshToken?: string } {
  const reply = parseJson(text);
  const token = isRecord(reply) ? reply.token || reply.access_token : undefined;
  // It becomes part of a header.
  if (!isRecord(reply) || typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new GantryError("registry-failed", `${host} gave no token`);
  }
  const { expires_in, refresh_token } = reply;
  return {
    token,
    seconds: typeof expires_in === "number" ? Math.max(expires_in, defaultTokenSeconds) : defaultTokenSeconds,
    ...(typeof refresh_token === "string" && refresh_token !== "" ? { refreshToken: refresh_token } : {}),
  };
}

/** The digest of the secrets, so that no token is given to others than it was made out to. */
function keyOf({ baseUrl, scopes, credentials = {} }: Wish): string {
  const { username = "", password = "", identitytoken = "" } = credentials;
  const secret = createHash("sha256")
    .update(JSON.stringify([username, password, identitytoken]))
    .digest("base64");
  return [baseUrl, ...scopes, secret].join(" ");
}

function basicHeader(credentials: Credentials | undefined): string | undefined {
  if (!credentials?.username) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password ?? ""}`).toString("base64")}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told as "gave no token"
  }
}
