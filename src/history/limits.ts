/** How much of a project's history is kept. Pure. */

export interface HistoryLimits {
  /** Generations of a project. */
  readonly count: number;
  /** Of all of a project's generations together. */
  readonly sizeBytes: number;
}

/** A model with fifty services takes about 60 kB; a project that is changed ten times a day keeps a week. */
export const defaultLimits: HistoryLimits = { count: 50, sizeBytes: 8 * 1024 * 1024 };

/** A generation with a model larger than this is kept without it: it can be told of, and not gone back to. */
export const maxModelBytes = 1024 * 1024;

/** The numbers of the oldest that must go; `sizes` by number, ascending. The newest always stays. */
export function tooMany(
  sizes: ReadonlyArray<{ readonly number: number; readonly sizeBytes: number }>,
  limits: HistoryLimits,
): number[] {
  let total = 0;
  return sizes
    .toReversed()
    .filter(({ sizeBytes }, at) => {
      total += sizeBytes;
      return at > 0 && (at >= limits.count || total > limits.sizeBytes);
    })
    .map(({ number }) => number);
}
