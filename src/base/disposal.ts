/** Groups several releases into one, for what is acquired step by step and must be undone in reverse order. Pure. */

/**
 * Releases in reverse order of `defer`; every one runs even when an earlier one fails, then the failures are thrown
 * together. `release()` forgets them: what was acquired now belongs to somebody else.
 */
export class Disposer implements AsyncDisposable {
  #steps: Array<() => unknown> = [];

  /** Adds a step to run on disposal. */
  defer(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Gives up the responsibility: disposal then does nothing. */
  release(): void {
    this.#steps = [];
  }

  /** Passes the responsibility on to the disposer that is returned. */
  handOver(): Disposer {
    const next = new Disposer();
    next.#steps = this.#steps;
    this.release();
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, "Several things could not be released");
  }
}
