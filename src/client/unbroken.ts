/** Tells an engine that ended in the middle of an answer from an answer that has ended. */
import { GantryError, systemCodeOf } from "../base/errors.js";

/** The chunks of an answer. Throws "engine-unavailable" when the engine ended before they did. */
export async function* unbroken(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (cause) {
    if (systemCodeOf(cause) !== "ECONNRESET") throw cause;
    throw new GantryError("engine-unavailable", "The engine ended before it had answered", {
      hint: "It starts again by itself, and containers run on: run the command again",
      cause,
    });
  }
}
