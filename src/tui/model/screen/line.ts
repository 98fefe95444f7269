/**
 * Lines of a full screen: texts with a tone, cut and padded by the columns they take on a terminal. Pure.
 *
 * A wide character (漢, most emoji) takes two columns, a combining one none; control characters never get here.
 */
import stringWidth from "string-width";
import { printable } from "../../../base/printable.js";

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
  /** Shown in reverse: the selected row, the current tab. */
  readonly inverse?: boolean;
}
export type Line = readonly Segment[];

/** A text as a segment. */
export function seg(text: string, tone: Tone = "plain"): Segment {
  return { text, tone };
}

const ascii = /^[ -~]*$/;
let graphemes: Intl.Segmenter | undefined; // costs some milliseconds, which most screens never need

/** Columns that `text` takes. */
export function widthOf(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text);
}

/** Columns that a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** One line of at most `columns` columns, its end replaced by `…` where it was cut; tabs and line ends are blanks. */
export function cutText(text: string, columns: number): string {
  const clean = oneLine(text);
  if (columns <= 0) return "";
  if (widthOf(clean) <= columns) return clean;
  return `${headOf(clean, columns - 1).head}…`;
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
  }
  return cut;
}

/** The first `columns` columns and no mark where it was cut: the rest lies under something. */
export function headOfLine(line: Line, columns: number): Line {
  let left = columns;
  const head = line.flatMap((segment): Segment[] => {
    if (left <= 0) return [];
    const head = widthOf(segment.text) <= left ? segment.text : headOf(segment.text, left).head;
    const text = widthOf(head) <= left ? head : " ".repeat(left); // half of a wide character
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
  let rest = clean;
  while (widthOf(rest) > columns) {
    const { head, tail } = headOf(rest, columns);
    rows.push(head);
    rest = tail;
  }
  return [...rows, rest];
}

/** Tabs and line ends as blanks, other control characters gone. */
export function oneLine(text: string): string {
  return ascii.test(text) ? text : printable(text.replaceAll("\t", "    ").replaceAll("\n", " "));
}

/** As many whole characters as fit, and the rest; at least one, so that a wide character ends in a narrow place. */
function headOf(text: string, columns: number): { head: string; tail: string } {
  if (ascii.test(text)) return { head: text.slice(0, columns), tail: text.slice(columns) };
  let width = 0;
  let end = 0;
  graphemes ??= new Intl.Segmenter();
  for (const { segment, index } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width > columns && end > 0) break;
    end = index + segment.length;
    if (width > columns) break;
  }
  return { head: text.slice(0, end), tail: text.slice(end) };
}
