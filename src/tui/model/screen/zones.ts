/** Places on the screen that a click means something at. Pure. */
import type { Line } from "./line.js";

/** What a click is as good as. */
export type Target =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "row"; readonly key: string }
  | { readonly kind: "entry"; readonly at: number };

/** Columns `from` (inclusive) to `to` (exclusive) of a row, all counted from 0. */
export interface Zone {
  readonly row: number;
  readonly from: number;
  readonly to: number;
  readonly target: Target;
}

export interface View {
  readonly lines: readonly Line[];
  readonly zones: readonly Zone[];
}

/** What stands at a place; what was drawn last lies on top. */
export function targetAt(zones: readonly Zone[], { row, column }: { row: number; column: number }): Target | undefined {
  return zones.findLast((zone) => zone.row === row && column >= zone.from && column < zone.to)?.target;
}

/** Exactly `rows` lines. */
export function paddedLines(lines: readonly Line[], rows: number): readonly Line[] {
  return lines.length >= rows
    ? lines.slice(0, rows)
    : [...lines, ...Array.from({ length: rows - lines.length }, () => [])];
}
