/**
 * Answers a registry's demand for authorization: basic, or a token fetched from the server that it names.
 *
 * Touches the world. Tokens are kept until shortly before they expire. Secrets go into headers only, never into errors.
 *
 * @see distribution, "Token Authentication Specification" and "Oauth2 Token Authentication"
 */
import type { Clock } from "../base/clock.js";
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import type { Challenge } from "./challenge.js";
import { discard, type HttpRequest, httpGet, readText } from "./http-request.js";

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

/** What the specification says for a server that does not tell. */
const defaultTokenSeconds = 60;
const maxTokenBytes = 1024 * 1024;
/** A token that ends during a request is worth nothing. */
const tokenMarginMs = 5_000;

export class Authorizer {
  readonly #clock: Clock;
  readonly #tokens = new Map<string, { header: string; untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The header kept for that endpoint and repository, if it is still good. */
  known(key: string): string | undefined {
    const token = this.#tokens.get(key);
    return token && token.untilMs > this.#clock.monotonicMs() ? token.header : undefined;
  }

  /** The `Authorization` header that answers the challenge; undefined when nothing can. Throws "registry-denied". */
  async answer(
    key: string,
    challenge: Challenge,
    { credentials, signal, scope }: { credentials: Credentials | undefined; signal: AbortSignal; scope: string },
  ): Promise<string | undefined> {
    if (challenge.kind === "basic") return basicHeader(credentials);
    const reply = await fetchToken({ scope, ...challenge }, credentials, signal);
    const header = `Bearer ${reply.token}`;
    this.#tokens.set(key, { header, untilMs: this.#clock.monotonicMs() + reply.seconds * 1000 - tokenMarginMs });
    return header;
  }
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

type BearerChallenge = Extract<Challenge, { kind: "bearer" }>;

async function fetchToken(
  { realm, service, scope }: BearerChallenge,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<{ token: string; seconds: number }> {
  const url = new URL(realm);
  const fields = { ...(service ? { service } : {}), ...(scope ? { scope } : {}) };
  let request: HttpRequest = { signal, headers: {} };
  if (credentials?.identitytoken) {
    const body = {
      grant_type: "refresh_token",
      refresh_token: credentials.identitytoken,
      client_id: "gantry",
      ...fields,
    };
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    request = { signal, headers, body: new URLSearchParams(body).toString() };
  } else {
    for (const [key, value] of Object.entries(fields)) url.searchParams.set(key, value);
    const basic = basicHeader(credentials);
    if (basic) request = { signal, headers: { authorization: basic } };
  }
  const response = await httpGet(url.href, request);
  if (response.status === 401 || response.status === 403) {
    discard(response);
    throw new GantryError("registry-denied", `unauthorized: ${url.host} refused the credentials`, {
      hint: "Log in again, or pull without credentials",
    });
  }
  const text = await readText(response, maxTokenBytes);
  if (response.status !== 200) {
    throw new GantryError("registry-failed", `${url.host} answered ${response.status} for a token`);
  }
  const reply = parseJson(text);
  const token = isRecord(reply) ? (reply.token ?? reply.access_token) : undefined;
  if (!isRecord(reply) || typeof token !== "string")
    throw new GantryError("registry-failed", `${url.host} gave no token`);
  return { token, seconds: typeof reply.expires_in === "number" ? reply.expires_in : defaultTokenSeconds };
}
