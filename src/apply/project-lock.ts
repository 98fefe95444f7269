/** Keeps two changing commands off one project: the engine holds the lock, and lets go when we end. */
import { isGantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";

export interface LockOptions {
  /** Says who we are to those who wait: `gantry up (pid 12)`. */
  readonly holder: string;
  /** False gives up when somebody holds it: "engine-locked". */
  readonly wait: boolean;
  readonly signal: AbortSignal;
  readonly onWaiting?: (holder: string) => void;
}

/** Held until disposed. An engine that has no such lock gives none. */
export async function lockProject(
  client: EngineClient,
  project: string,
  { signal, ...options }: LockOptions,
): Promise<AsyncDisposable> {
  if (client.engine.kind !== "gantry") return { [Symbol.asyncDispose]: async () => {} };
  try {
    const lock = await client.system.lockProject(project, options, { signal });
    return { [Symbol.asyncDispose]: () => lock.release() };
  } catch (error) {
    if (isGantryError(error, "not-supported")) return { [Symbol.asyncDispose]: async () => {} };
    throw error;
  }
}
