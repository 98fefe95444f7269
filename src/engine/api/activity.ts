/**
 * Knows whether anybody needs the engine, and tells when nobody has for a while.
 *
 * Open requests (streams too) and busy containers keep it alive. The timer is set anew by every sign of life and looks
 * at the containers only when it fires; a container's end is itself an event, so nothing is polled.
 */
export interface ActivityOptions {
  /** 0: never. */
  readonly idleMs: number;
  /** True while a container runs, is paused or waits for its restart. */
  readonly isBusy: () => boolean;
  readonly onIdle: () => void;
  /** The wall clock in milliseconds, for `idleExitAt`. */
  readonly now: () => number;
}

export class Activity implements Disposable {
  readonly #options: ActivityOptions;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;
  #firesAt: number | undefined;

  constructor(options: ActivityOptions) {
    this.#options = options;
    this.touch();
  }

  /** A request begins; call what is returned once when it has ended. */
  enter(): () => void {
    this.#open += 1;
    this.#disarm();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#open -= 1;
      this.touch();
    };
  }

  /** Something happened. */
  touch(): void {
    if (this.#open > 0 || this.#options.idleMs === 0) return;
    this.#disarm();
    this.#firesAt = this.#options.now() + this.#options.idleMs;
    this.#timer = setTimeout(() => this.#fire(), this.#options.idleMs);
    this.#timer.unref();
  }

  /** When the engine will end if nothing happens; undefined while it is needed, this request left aside. */
  get idleExitAt(): Date | undefined {
    if (this.#open > 1 || this.#options.idleMs === 0 || this.#options.isBusy()) return undefined;
    return new Date(this.#firesAt ?? this.#options.now() + this.#options.idleMs);
  }

  [Symbol.dispose](): void {
    this.#disarm();
  }

  #fire(): void {
    this.#timer = undefined;
    this.#firesAt = undefined;
    if (this.#open === 0 && !this.#options.isBusy()) this.#options.onIdle();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firesAt = undefined;
  }
}
