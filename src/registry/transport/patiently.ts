/** A request that is sent again when the other side is overloaded or the connection breaks. Touches the world. */
import { type Clock, sleep } from "../../base/clock.js";
import { isTransientError, isTransientStatus, maxAttempts, waitMs } from "../retry.js";
import type { Connections } from "./connections.js";
import { discard, type HttpRequest, type HttpResponse, send } from "./http-request.js";

export interface Line {
  readonly connections: Connections;
  readonly clock: Clock;
  /** Origins that have answered something. */
  readonly reached: Set<string>;
}

/**
 * Whatever the answer is in the end: that of the last attempt, or one that another attempt would not change. Rejects
 * with system errors. `attempts` 1 sends once.
 */
export async function sendPatiently(
  { connections, clock, reached }: Line,
  url: string,
  { attempts = maxAttempts, ...request }: HttpRequest & { attempts?: number },
): Promise<HttpResponse> {
  const { origin } = new URL(url);
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt >= attempts;
    let retryAfter: string | undefined;
    try {
      const response = await send(connections, url, request);
      reached.add(origin);
      if (isLast || !isTransientStatus(response.status)) return response;
      retryAfter = response.header("retry-after");
      const wait = waitMs(attempt, { retryAfter, random: Math.random(), now: clock.now() });
      if (wait === undefined) return response;
      discard(response);
      await sleep(wait, request.signal);
    } catch (error) {
      request.signal.throwIfAborted();
      if (isLast || !isTransientError(error, reached.has(origin))) throw error;
      const wait = waitMs(attempt, { retryAfter: undefined, random: Math.random(), now: clock.now() });
      await sleep(wait ?? 0, request.signal);
    }
  }
}
