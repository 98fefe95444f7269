/**
 * Limits of waits, to be disposed of once the wait is over.
 *
 * `AbortSignal.any([signal, AbortSignal.timeout(ms)])` will not do: before Node 24 neither holds the other, so that the
 * garbage collector may take the timeout away, and what waits for it waits for ever.
 */

/** The longest that a timer can be set to; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** Life: runs from the start; `signal` aborts once, at the limit or with one of the others; disposing frees all. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** True when the time is over, whatever became of the others. */
  readonly isOver: boolean;
}

/** `ms` from now, 24 days at the most, or as soon as one of `others` aborts. Does not keep the process alive. */
export function deadline(ms: number, others: readonly AbortSignal[] = []): Deadline {
  const controller = new AbortController();
  const listeners = new AbortController();
  let isOver = false;
  const timer = setTimeout(
    () => {
      isOver = true;
      controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    },
    Math.min(ms, maxTimerMs),
  ).unref();
  for (const other of others) {
    const abort = () => controller.abort(other.reason);
    if (other.aborted) abort();
    else other.addEventListener("abort", abort, { once: true, signal: listeners.signal });
  }
  return {
    signal: controller.signal,
    get isOver() {
      return isOver;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      listeners.abort();
    },
  };
}
