/** How the number of connections with a container goes down, told as they end. Touches the world. */
import { sleep } from "../../../base/clock.js";
import { deadline } from "../../../base/deadline.js";
import { messageOf } from "../../../base/errors.js";
import { isNetns } from "../../kernel/network/namespaces.js";
import { clientConnections, watchEndedSockets } from "../../kernel/network/tcp-sockets.js";

/**
 * What ends without a notification is found by this: a handshake that is never finished, a socket that has said its
 * last word and is still held open, anything on a kernel without notifications.
 */
const lookAgainMs = 1000;
/** A thousand connections that are closed at once are one look. */
const gatherMs = 20;

/**
 * The number at once, then each time that it is another one; the last one is 0. Ends early, without 0, when `signal`
 * aborts. A namespace that is gone has none.
 */
export async function* followConnections(
  netnsPath: string,
  { signal, log }: { readonly signal: AbortSignal; readonly log: (text: string) => void },
): AsyncGenerator<number, void> {
  let wake = () => {};
  using _watcher = watch(netnsPath, () => wake(), log);
  let known: number | undefined;
  while (!signal.aborted) {
    using pause = deadline(lookAgainMs, [signal]);
    // Heard of from before the look on, so that none is missed in between.
    const ended = new Promise<void>((resolve) => {
      wake = resolve;
      pause.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const connections = count(netnsPath);
    if (connections !== known) yield connections;
    if (connections === 0) return;
    known = connections;
    await ended;
    await sleep(gatherMs, signal).catch(() => {});
  }
}

function watch(netnsPath: string, ended: () => void, log: (text: string) => void): Disposable | undefined {
  try {
    return isNetns(netnsPath) ? watchEndedSockets(netnsPath, ended) : undefined;
  } catch (error) {
    log(`Connections that end are looked for every ${lookAgainMs / 1000} s: ${messageOf(error)}`);
    return undefined;
  }
}

function count(netnsPath: string): number {
  try {
    return isNetns(netnsPath) ? clientConnections(netnsPath) : 0;
  } catch (error) {
    if (isNetns(netnsPath)) throw error;
    return 0; // it went away just then
  }
}
