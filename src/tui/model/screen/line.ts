/**
 * Lines of a full screen: texts with a tone, cut and padded by the columns they take on a terminal. Pure.
 *
 * A wide character (漢, most emoji) takes two columns, a combining one none; control characters never get here.
 */
import { printable } from "../../../base/printable.js";
import { clusterWidth, isPlain, segmentsOf, widthOf } from "./columns.js";

/** What a text means; `paint.ts` gives it a colour. `log0`–`log5` tell several containers' lines apart. */
export type Tone =
  | "plain"
  | "dim"
  | "good"
  | "bad"
  | "busy"
  | "wait"
  | "bold"
  | "match"
  | "log0"
  | "log1"
  | "log2"
  | "log3"
  | "log4"
  | "log5";

export interface Segment {
  readonly text: string;
  readonly tone: Tone;
  /** SGR parameters of somebody else, in place of the tone's. */
  readonly sgr?: string;
  /** Shown in reverse: the selected row, the current tab. */
  readonly inverse?: boolean;
}
export type Line = readonly Segment[];

/** A text as a segment. */
export function seg(text: string, tone: Tone = "plain"): Segment {
  return { text, tone };
}

/** Columns that a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** One line of at most `columns` columns, its end replaced by `…` where it was cut; tabs and line ends are blanks. */
export function cutText(text: string, columns: number): string {
  const clean = oneLine(text);
  if (columns <= 0) return "";
  // A log's line may be long: no more of it is measured than is shown.
  return headOf(clean, columns).length === clean.length ? clean : `${headOf(clean, columns - 1)}…`;
}

/** Cut or padded to exactly `columns` columns. */
export function fitText(text: string, columns: number, align: "left" | "right" = "left"): string {
  const cut = cutText(text, columns);
  const blank = " ".repeat(Math.max(0, columns - widthOf(cut)));
  return align === "left" ? cut + blank : blank + cut;
}

/** Cut at the right edge, so that no line wraps. */
export function cutLine<S extends { readonly text: string }>(line: readonly S[], columns: number): readonly S[] {
  let left = columns;
  const cut: S[] = [];
  for (const segment of line) {
    if (left <= 0) break;
    const text = cutText(segment.text, left);
    left -= widthOf(text);
    if (text !== "") cut.push({ ...segment, text });
    // Before a wide character a column stays free, which is no room for what follows.
    if (text !== oneLine(segment.text)) break;
  }
  return cut;
}

/** The first `columns` columns and no mark where it was cut: the rest lies under something. */
export function headOfLine(line: Line, columns: number): Line {
  let left = columns;
  const head = line.flatMap((segment): Segment[] => {
    if (left <= 0) return [];
    const head = headOf(segment.text, left);
    // Of a wide character that is half covered a blank is left.
    const text = head.length === segment.text.length ? head : fitText(head, left);
    left -= widthOf(text);
    return [{ ...segment, text }];
  });
  return left > 0 ? [...head, seg(" ".repeat(left))] : head;
}

/** Cut or padded to exactly `columns`, for a line whose background is seen. */
export function fillLine(line: Line, columns: number): Line {
  const cut = cutLine(line, columns);
  const missing = columns - lineWidth(cut);
  const last = cut.at(-1);
  if (missing <= 0) return cut;
  const blank = " ".repeat(missing);
  return last?.inverse ? [...cut, { ...last, text: blank }] : [...cut, seg(blank)];
}

/** The whole line in reverse, its tones kept. */
export function inverted(line: Line): Line {
  return line.map((segment) => ({ ...segment, inverse: true }));
}

/** Cuts a text into rows of at most `columns` columns; a text without any is one empty row. */
export function wrapText(text: string, columns: number): string[] {
  const clean = oneLine(text);
  if (columns <= 0) return [clean];
  const rows: string[] = [];
  let [from, width] = [0, 0];
  const cut = (at: number) => {
    rows.push(clean.slice(from, at));
    [from, width] = [at, 0];
  };
  if (isPlain(clean)) while (clean.length - from > columns) cut(from + columns);
  else {
    for (const { segment, index } of segmentsOf(clean)) {
      const more = clusterWidth(segment);
      // A place narrower than a wide character has it all the same: cutting it would have no end.
      if (width > 0 && width + more > columns) cut(index);
      width += more;
    }
  }
  return [...rows, clean.slice(from)];
}

/** Tabs and line ends as blanks, other control characters gone. */
export function oneLine(text: string): string {
  return isPlain(text) ? text : printable(text.replaceAll("\t", "    ").replaceAll("\n", " "));
}

/** As many whole characters as fit. */
function headOf(text: string, columns: number): string {
  if (isPlain(text)) return text.slice(0, columns);
  let width = 0;
  for (const { segment, index } of segmentsOf(text)) {
    width += clusterWidth(segment);
    if (width > columns) return text.slice(0, index);
  }
  return text;
}
