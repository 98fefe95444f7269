/** When to ask a registry again, and how long to wait before. Does not touch the world. */
import { systemCodeOf } from "../base/errors.js";

/** Five attempts with these waits take half a minute: longer than a restart of a registry, shorter than patience. */
export const maxAttempts = 5;
const firstWaitMs = 500;
const longestWaitMs = 30_000;

/** True for answers that a later request may not get: overload and failures of the server. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** True for connections that broke. A host that cannot be reached at all is not asked again. */
export function isTransientError(error: unknown): boolean {
  return transientCode.test(networkCodeOf(error) ?? "");
}

const transientCode = /^(ECONNRESET|ECONNABORTED|EPIPE)$/;
const unreachableCode = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPROTO|HPE_\w+)$/;
const tlsCode = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** The code at the bottom of an error, when the network is to blame. */
export function networkCodeOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const inner = at instanceof AggregateError ? at.errors[0] : at;
    const code = systemCodeOf(inner);
    if (code && [transientCode, unreachableCode, tlsCode].some((known) => known.test(code))) return code;
  }
  return undefined;
}

/**
 * How long to wait before attempt `attempt` (the second is 1): doubling with jitter, or what `Retry-After` says.
 *
 * @param random from 0 to 1; spreads clients that failed together
 */
export function waitMs(
  attempt: number,
  { retryAfter, random }: { retryAfter: string | undefined; random: number },
): number {
  const seconds = Number(retryAfter);
  if (retryAfter && Number.isFinite(seconds) && seconds >= 0) return Math.min(seconds * 1000, longestWaitMs);
  return Math.min(firstWaitMs * 2 ** (attempt - 1) * (0.5 + random), longestWaitMs);
}
