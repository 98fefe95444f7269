/** Callers who want the same work at the same time share one run of it. Does not touch the world. */

interface Flight<T, M> {
  readonly result: Promise<T>;
  readonly cancel: AbortController;
  readonly listeners: Set<(message: M) => void>;
  /** Everything told so far, for those who join; one per `keyOf`, the newest. */
  readonly told: Map<string, M>;
}

/** The work gets a signal of its own, which is aborted when the last caller has given up. */
export class SingleFlight<T, M> {
  readonly #flights = new Map<string, Flight<T, M>>();
  readonly #keyOf: (message: M) => string;

  /** `keyOf` groups messages: somebody who joins late gets the newest of each group first. */
  constructor(keyOf: (message: M) => string) {
    this.#keyOf = keyOf;
  }

  /** Rejects with the signal's reason as soon as it is aborted, while the work goes on for the others. */
  async run(
    key: string,
    { signal, listen }: { signal: AbortSignal; listen: (message: M) => void },
    work: (signal: AbortSignal, tell: (message: M) => void) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    for (const message of flight.told.values()) listen(message);
    flight.listeners.add(listen);
    let onAbort = () => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([flight.result, aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      flight.listeners.delete(listen);
      if (flight.listeners.size === 0) this.#land(key, flight);
    }
  }

  #start(key: string, work: (signal: AbortSignal, tell: (message: M) => void) => Promise<T>): Flight<T, M> {
    const cancel = new AbortController();
    const listeners = new Set<(message: M) => void>();
    const told = new Map<string, M>();
    const tell = (message: M) => {
      told.set(this.#keyOf(message), message);
      for (const listen of listeners) listen(message);
    };
    // Started in a later turn, so that the first caller listens before anything is told.
    const result = Promise.resolve().then(() => work(cancel.signal, tell));
    result.catch(() => {}); // nobody may be left to hear of it
    const flight = { result, cancel, listeners, told };
    this.#flights.set(key, flight);
    const forget = () => this.#forget(key, flight);
    result.then(forget, forget);
    return flight;
  }

  #land(key: string, flight: Flight<T, M>): void {
    flight.cancel.abort();
    this.#forget(key, flight);
  }

  #forget(key: string, flight: Flight<T, M>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
