/**
 * Directories of `RUN --mount=type=cache` by their id: who uses which, and who has to wait.
 *
 * Does not touch the world. `shared` steps use one directory together; `locked` ones take turns at it; a `private` step
 * gets one that nobody uses: the first, or another of its own, which the next one finds again.
 */
import { KeyedLock } from "../../images/keyed-lock.js";
import { keyOf } from "../perform-step.js";

export interface CacheMountUse extends Disposable {
  /** Of the directory. */
  readonly name: string;
}

export class CacheMounts {
  readonly #turns = new KeyedLock();
  /** Steps that use a directory now. */
  readonly #users = new Map<string, number>();

  /** Resolves when it is the step's turn, rejects at the signal. Dispose of it when the step has ended. */
  async use(id: string, sharing: "shared" | "private" | "locked", signal: AbortSignal): Promise<CacheMountUse> {
    if (sharing === "private") return this.#begin(this.#firstFree(id), () => {});
    const name = nameOf(id, 0);
    return this.#begin(name, sharing === "locked" ? await this.#turn(name, signal) : () => {});
  }

  isUsed(name: string): boolean {
    return this.#users.has(name);
  }

  #firstFree(id: string): string {
    for (let number = 0; ; number += 1) if (!this.isUsed(nameOf(id, number))) return nameOf(id, number);
  }

  #begin(name: string, release: () => void): CacheMountUse {
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    const end = () => {
      const left = (this.#users.get(name) ?? 1) - 1;
      if (left > 0) this.#users.set(name, left);
      else this.#users.delete(name);
      release();
    };
    return { name, [Symbol.dispose]: end };
  }

  async #turn(name: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    let stop = () => {};
    const turn = new Promise<() => void>((begun, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      void this.#turns.run(name, async () => {
        if (!signal.aborted) await new Promise<void>((release) => begun(release));
      });
    });
    return turn.finally(() => signal.removeEventListener("abort", stop));
  }
}

function nameOf(id: string, number: number): string {
  return keyOf(number === 0 ? ["cache", id] : ["cache", id, number]);
}
