/** When to ask a registry again, and how long to wait before. Does not touch the world. */
import { systemCodeOf } from "../base/errors.js";

/** Five attempts with these waits take half a minute: longer than a restart of a registry, shorter than patience. */
export const maxAttempts = 5;
const firstWaitMs = 500;
const longestWaitMs = 30_000;

/** True for answers that a later request may not get: overload and failures of the server. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * True for connections that broke. A host that cannot be reached at all is asked again only when it was reached before:
 * it may be restarting, while one that never answered has the wrong name.
 */
export function isTransientError(error: unknown, wasReached: boolean): boolean {
  const code = networkCodeOf(error) ?? "";
  return transientCode.test(code) || (wasReached && unreachableCode.test(code));
}

const transientCode = /^(ECONNRESET|ECONNABORTED|EPIPE|EAI_AGAIN)$/;
const unreachableCode = /^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPROTO|HPE_\w+)$/;
const tlsCode = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** The code at the bottom of an error, when the network is to blame. */
export function networkCodeOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const inner = at instanceof AggregateError ? at.errors[0] : at;
    const code = systemCodeOf(inner);
    if (code && [transientCode, unreachableCode, tlsCode].some((known) => known.test(code))) return code;
  }
  return undefined;
}

/** Whether the other side's certificate is what went wrong. */
export function isCertificateCode(code: string): boolean {
  return tlsCode.test(code) && !code.startsWith("ERR_SSL_");
}

/**
 * How long to wait before attempt `attempt` (the second is 1): doubling with jitter, or what `Retry-After` says, in
 * seconds or as a date. Undefined when the registry wants a longer wait than anybody has the patience for.
 *
 * @param random from 0 to 1; spreads clients that failed together
 */
export function waitMs(
  attempt: number,
  { retryAfter, random, now }: { retryAfter: string | undefined; random: number; now: Date },
): number | undefined {
  const wanted = retryAfterMs(retryAfter, now);
  if (wanted !== undefined) return wanted <= longestWaitMs ? wanted : undefined;
  return Math.min(firstWaitMs * 2 ** (attempt - 1) * (0.5 + random), longestWaitMs);
}

/** See RFC 9110, "Retry-After". Undefined for what is neither; a date that is past means at once. */
export function retryAfterMs(text: string | undefined, now: Date): number | undefined {
  if (!text) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return Number(text) * 1000;
  const at = /[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
