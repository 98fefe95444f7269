/** The one place where the engine turns an error into an answer. */
import { GantryError, isGantryError, messageOf, systemCodeOf } from "../../../base/errors.js";
import type { ProgressMessage } from "../../../wire/image.js";
import type { ErrorReply } from "../../../wire/system.js";
import { empty, json, type Reply } from "./reply.js";

/** Docker's text for a path or method that is not there. */
export const pageNotFound: Reply = json({ message: "page not found" }, 404);

/** Status and body of an error; what is not a `GantryError` is ours, and `log` gets its stack. */
export function errorReply(thrown: unknown, log: (text: string) => void): Reply {
  const error = explained(thrown);
  if (!isGantryError(error)) {
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return json({ message: messageOf(error), code: "internal" } satisfies ErrorReply, 500);
  }
  if (error.status >= 500) log(describe(error));
  if (error.status === 304) return empty(304);
  return json({ message: error.message, code: error.code, hint: error.hint } satisfies ErrorReply, error.status);
}

/** The last line of a progress stream that failed after its first byte. */
export function errorLine(thrown: unknown): ProgressMessage {
  const error = explained(thrown);
  const message = messageOf(error);
  const known = isGantryError(error) ? { errorCode: error.code, hint: error.hint } : {};
  return { errorDetail: { message }, error: message, ...known };
}

/** A full disk may meet any write; it is nobody's mistake but has a way out. */
function explained(error: unknown): unknown {
  const code = systemCodeOf(error);
  if (isGantryError(error) || (code !== "ENOSPC" && code !== "EDQUOT")) return error;
  return new GantryError("disk-full", "no space left on device", {
    hint: "The disk of the engine's state directory is full. Free some space: gantry image rm, gantry volume rm",
    cause: error,
  });
}

function describe(error: Error): string {
  const cause = error.cause ? ` (${messageOf(error.cause)})` : "";
  return `${error.message}${cause}`;
}
