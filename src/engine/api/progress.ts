/** Turns a transfer that reports through a callback into a reply that streams its messages. */
import type { ProgressMessage } from "../../wire/image.js";
import { errorLine } from "./http/error-reply.js";
import { jsonStream, type Reply } from "./http/reply.js";

/** A client that reads slower than layers arrive loses byte counts beyond this many waiting messages, nothing else. */
const maxWaiting = 1000;

/**
 * Answers once the transfer has something to say: a failure before that is thrown, and so gets a status of its own; a
 * later one is the stream's last line.
 */
export async function progressReply(
  transfer: (onProgress: (message: ProgressMessage) => void) => Promise<readonly ProgressMessage[]>,
): Promise<Reply> {
  const waiting: ProgressMessage[] = [];
  let ended: { error?: unknown } | undefined;
  let wake = () => {};
  const changed = () => wake();
  const running = transfer((message) => {
    if (waiting.length < maxWaiting || message.progressDetail?.current === undefined) waiting.push(message);
    changed();
  }).then(
    (last) => {
      waiting.push(...last);
      ended = {};
      changed();
    },
    (error: unknown) => {
      ended = { error };
      changed();
    },
  );
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (waiting.length > 0 || ended) resolve();
    });
  await next();
  if (waiting.length === 0 && ended && "error" in ended) throw ended.error;
  return jsonStream(
    (async function* () {
      for (;;) {
        yield* waiting.splice(0);
        if (waiting.length > 0) continue;
        if (ended) break;
        await next();
      }
      await running;
      if ("error" in ended) yield errorLine(ended.error);
    })(),
  );
}
