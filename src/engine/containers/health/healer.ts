/**
 * Restarts containers that stay unhealthy, within limits.
 *
 * Life: `consider` is told of every change of health and sets or ends one timer; `forget` ends it. The attempts are
 * counted by the monotonic clock, and forgotten with the engine: another one gives a container all of them again.
 */
import type { HealthStatus } from "../../../wire/container.js";
import type { HealConfig } from "../../../wire/watchdog.js";

export interface HealerOptions {
  readonly monotonicMs: () => number;
  /** Ends the run so that another one follows. */
  readonly restart: (facts: { attempt: number; limit: number }) => void;
  /** The attempts are used up. */
  readonly giveUp: (facts: { limit: number }) => void;
}

const nanosPerMs = 1e6;
const defaults = { afterMs: 0, attempts: 3, windowMs: 10 * 60_000 };

/** One for a container, kept from run to run. */
export class Healer {
  readonly #options: HealerOptions;
  readonly #healedAtMs: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #hasGivenUp = false;

  constructor(options: HealerOptions) {
    this.#options = options;
  }

  consider(config: HealConfig, status: HealthStatus): void {
    if (status !== "unhealthy") {
      this.forget();
      if (status === "healthy") this.#hasGivenUp = false;
      return;
    }
    if (this.#timer || this.#hasGivenUp) return;
    const afterMs = millis(config.After, defaults.afterMs);
    this.#timer = setTimeout(() => this.#heal(config), afterMs);
  }

  /** The container has ended, or the engine does. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #heal(config: HealConfig): void {
    this.#timer = undefined;
    const now = this.#options.monotonicMs();
    const limit = config.Attempts || defaults.attempts;
    const windowMs = millis(config.Window, defaults.windowMs);
    while ((this.#healedAtMs[0] ?? now) < now - windowMs) this.#healedAtMs.shift();
    if (this.#healedAtMs.length >= limit) {
      this.#hasGivenUp = true;
      this.#options.giveUp({ limit });
      return;
    }
    this.#healedAtMs.push(now);
    this.#options.restart({ attempt: this.#healedAtMs.length, limit });
  }
}

function millis(nanos: number | undefined, fallback: number): number {
  return nanos ? nanos / nanosPerMs : fallback;
}
