/** One at a time, in the order of asking: what changes a container holds its lock meanwhile. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything asked for before has ended, however it ended. Not re-entrant. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
