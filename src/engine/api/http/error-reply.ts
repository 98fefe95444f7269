/** The one place where the engine turns an error into an answer. */
import { isGantryError, messageOf } from "../../../base/errors.js";
import type { ProgressMessage } from "../../../wire/image.js";
import type { ErrorReply } from "../../../wire/system.js";
import { empty, json, type Reply } from "./reply.js";

/** Docker's text for a path or method that is not there. */
export const pageNotFound: Reply = json({ message: "page not found" }, 404);

/** Status and body of an error; what is not a `GantryError` is ours, and `log` gets its stack. */
export function errorReply(error: unknown, log: (text: string) => void): Reply {
  if (!isGantryError(error)) {
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return json({ message: messageOf(error), code: "internal" } satisfies ErrorReply, 500);
  }
  if (error.status >= 500) log(describe(error));
  if (error.status === 304) return empty(304);
  return json({ message: error.message, code: error.code, hint: error.hint } satisfies ErrorReply, error.status);
}

/** The last line of a progress stream that failed after its first byte. */
export function errorLine(error: unknown): ProgressMessage {
  const message = messageOf(error);
  const known = isGantryError(error) ? { errorCode: error.code, hint: error.hint } : {};
  return { errorDetail: { message }, error: message, ...known };
}

function describe(error: Error): string {
  const cause = error.cause ? ` (${messageOf(error.cause)})` : "";
  return `${error.message}${cause}`;
}
