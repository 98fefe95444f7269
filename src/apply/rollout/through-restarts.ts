/** Calls of an update that must get through: an engine that died in between is back within seconds. */
import { sleep } from "../../base/clock.js";
import { isGantryError } from "../../base/errors.js";

const engineAttempts = 40;
const enginePauseMs = 250;

/** Asks again while the engine is away. The call must be one that may be made twice. `forced` ends the waiting. */
export async function throughRestarts<T>(
  { forced }: { readonly forced: AbortSignal },
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!isGantryError(error, "engine-unavailable") || attempt >= engineAttempts) throw error;
      await sleep(enginePauseMs, forced);
    }
  }
}
