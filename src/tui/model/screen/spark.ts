/** Small curves of block characters. Pure. */

const blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * The newest `columns` values, right-aligned; heights are shares of `top`, or of the greatest value where that is more.
 * Before the first value there are blanks.
 */
export function spark(values: readonly number[], columns: number, top: number): string {
  const shown = values.slice(-columns);
  const most = Math.max(top, ...shown);
  const text = shown.map((value) => {
    const share = most > 0 ? value / most : 0;
    return blocks[Math.min(blocks.length - 1, Math.floor(share * blocks.length))] ?? blocks[0];
  });
  return text.join("").padStart(columns);
}
