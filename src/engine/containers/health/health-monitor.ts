/**
 * Probes one running container on its schedule and tells how its health changes.
 *
 * Life: from `start` to `stop` one timer or one probe is under way, never two. While `isPaused` says so, probes are
 * skipped. `stop` ends a probe under way and nothing is told after it.
 */
import type { Clock } from "../../../base/clock.js";
import type { HealthState } from "../../../wire/container.js";
import { afterProbe, type HealthCheck, nextProbeDelayMs, type ProbeResult } from "./health-state.js";

/** What watches over one run's health. */
export interface HealthWatch {
  /** The newest state, with results that are not in the record yet. */
  readonly health: HealthState;
  start(): void;
  stop(): void;
}

export interface HealthMonitorOptions {
  readonly check: HealthCheck;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Monotonic time at which this run began, so that a new engine counts its start period from there. */
  readonly beganMs: number;
  readonly health: HealthState;
  /** Runs the check's command; never rejects but when the signal is aborted. */
  readonly probe: (check: HealthCheck, signal: AbortSignal) => Promise<ProbeResult>;
  readonly isPaused: () => boolean;
  readonly onHealth: (health: HealthState) => void;
}

export class HealthMonitor implements HealthWatch {
  readonly #options: HealthMonitorOptions;
  readonly #stopped = new AbortController();
  #health: HealthState;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#health = options.health;
  }

  get health(): HealthState {
    return this.#health;
  }

  start(): void {
    const delayMs = nextProbeDelayMs(this.#options.check, this.#health, this.#sinceStartMs());
    this.#timer = setTimeout(() => void this.#probe(), delayMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopped.abort();
  }

  async #probe(): Promise<void> {
    const { check, probe, isPaused, onHealth } = this.#options;
    const { signal } = this.#stopped;
    if (!isPaused()) {
      const result = await probe(check, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (result) {
        this.#health = afterProbe(this.#health, result, { check, sinceStartMs: this.#sinceStartMs() });
        onHealth(this.#health);
      }
    }
    this.start();
  }

  #sinceStartMs(): number {
    return this.#options.clock.monotonicMs() - this.#options.beganMs;
  }
}
