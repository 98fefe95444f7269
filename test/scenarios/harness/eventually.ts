/** Waits for something outside to become true: with a deadline, and with the last reason when it does not. */
import { setTimeout as sleep } from "node:timers/promises";

const everyMs = 50;

/** Calls `look` until it does not throw, and returns what it gave. After `withinMs` its last error is thrown. */
export async function eventually<T>(look: () => T | Promise<T>, withinMs = 10_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(everyMs);
    }
  }
}
