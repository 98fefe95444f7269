/**
 * The requests that are under way, so that an engine that ends can end them well: what lasts as long as a
 * container is cut between two chunks, everything else gets a while to be answered.
 */

export class OpenRequests {
  readonly #open = new Set<OpenRequest>();
  #isEnding = false;
  #onIdle: () => void = () => {};

  /** A request begins. Call `leave` once, when its connection has closed or its reply is sent. */
  enter(): OpenRequest {
    const request = new OpenRequest(() => {
      this.#open.delete(request);
      if (!this.#isAwaited()) this.#onIdle();
    });
    this.#open.add(request);
    return request;
  }

  /** Those that last end now, and from now on at once. */
  endLasting(): void {
    this.#isEnding = true;
    for (const request of this.#open) if (request.isLasting) request.cut();
  }

  /** True when no reply is to last any more. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Resolves when every request has its reply, lasting ones aside, or after `limitMs`. */
  answered(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#isAwaited()) return resolve();
      const timer = setTimeout(resolve, limitMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #isAwaited(): boolean {
    return [...this.#open].some((request) => !request.isLasting);
  }
}

/** One of them. Its signal tells the route that nobody reads on: the client has gone, or the engine ends. */
export class OpenRequest {
  readonly #gone = new AbortController();
  readonly #leave: () => void;
  isLasting = false;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  cut(): void {
    this.#gone.abort();
  }

  leave(): void {
    this.#gone.abort();
    this.#leave();
  }
}
