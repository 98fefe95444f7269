/** The logs screen: lines from the bottom up, matches marked, and one line that says what is shown. Pure. */

import type { LogLine } from "../logs/log-window.js";
import { isSameLine } from "../logs/log-window.js";
import { sliceSpans, type WrittenSpan, writtenSpans } from "../logs/written-text.js";
import { widthOf } from "../screen/columns.js";
import { cutLine, fillLine, inverted, type Line, type Segment, seg, type Tone, wrapText } from "../screen/line.js";
import type { View } from "../screen/zones.js";
import type { Size } from "../state/console-state.js";
import type { LogsState } from "../state/logs-state.js";
import { matchesIn } from "../state/pattern.js";
import { sizeText } from "./words.js";

const sourceTones: readonly Tone[] = ["log0", "log1", "log2", "log3", "log4", "log5"];
/** A label takes no more of the screen. */
const longestLabel = 20;
const stampColumns = 13;
const bar = "│ ";

/** The lines that end at the anchor, in `rows` rows, of which the first tells what is shown. */
export function logsView(logs: LogsState | undefined, { size, rows }: { size: Size; rows: number }): View {
  if (!logs) return { lines: [[], [seg("  Choose services first: 1, then enter", "dim")]], zones: [] };
  const head = headLine(logs, size.columns);
  const body = bodyLines(logs, size, rows - 1);
  return { lines: [head, ...body], zones: [] };
}

/** Columns that a line's text has. */
export function logColumns(logs: Pick<LogsState, "sources" | "stamps">, { columns }: Size): number {
  return Math.max(10, columns - labelColumns(logs) - (logs.stamps ? stampColumns : 0));
}

/** Rows that a line takes. */
export function lineHeight({ text }: LogLine, { wraps, columns }: { wraps: boolean; columns: number }): number {
  if (!wraps) return 1;
  // Whole characters may leave a column free at a row's end; that is rare, and the drawn rows are what counts then.
  const seen = writtenSpans(text).reduce((sum, span) => sum + widthOf(span.text), 0);
  return Math.max(1, Math.ceil(seen / columns));
}

function bodyLines(logs: LogsState, size: Size, rows: number): Line[] {
  const { lines, anchor } = logs;
  if (lines.length === 0) return [[], [seg(`  ${emptyText(logs)}`, "dim")]];
  const found = anchor ? lines.findIndex((line) => isSameLine(line, anchor)) : -1;
  const bottom = found >= 0 ? found : lines.length - 1;
  const drawn: Line[] = [];
  for (let at = bottom; at >= 0 && drawn.length < rows; at -= 1) {
    const line = lines[at];
    if (line) drawn.unshift(...lineRows(logs, line, size));
  }
  return drawn.slice(Math.max(0, drawn.length - rows));
}

function emptyText({ busy, isReading, filter, problem }: LogsState): string {
  if (busy || isReading) return "Reading …";
  if (problem) return "";
  return filter ? "No line matches." : "Nothing has been written yet.";
}

function lineRows(logs: LogsState, line: LogLine, size: Size): Line[] {
  const columns = logColumns(logs, size);
  const isHit = logs.hit !== undefined && isSameLine(logs.hit, line);
  const spans = writtenSpans(line.text);
  const text = spans.map((span) => span.text).join("");
  const rows = logs.wraps ? wrapText(text, columns) : [shifted(text, logs.left)];
  const matches = matchesIn(logs.pattern ?? logs.filter, text);
  let end = text.length - rows.reduce((sum, row) => sum + row.length, 0);
  return rows.map((row, at) => {
    const head = at === 0 ? prefixOf(logs, line) : continued(prefixOf(logs, line));
    const from = end;
    end += row.length;
    const whole = cutLine([...head, ...marked(spans, matches, { from, end })], size.columns);
    return isHit ? inverted(fillLine(whole, size.columns)) : whole;
  });
}

/** Not in the middle of a character that has two halves. */
function shifted(text: string, left: number): string {
  const isHalf = /[\udc00-\udfff]/.test(text.charAt(left));
  return left > 0 ? text.slice(isHalf ? left + 1 : left) : text;
}

function prefixOf(logs: LogsState, line: LogLine): Segment[] {
  const label = logs.sources.length > 1 ? (logs.sources[line.source]?.label ?? "") : "";
  const width = labelColumns(logs);
  const tone = sourceTones[line.source % sourceTones.length] ?? "plain";
  return [
    ...(logs.stamps ? [seg(`${localTime(line.at)} `, "dim")] : []),
    ...(width > 0
      ? [seg(label.slice(0, longestLabel).padEnd(width - 2), tone), seg(bar, line.isError ? "bad" : tone)]
      : []),
  ];
}

/** Below a line's first row: its bar alone. */
function continued(prefix: readonly Segment[]): Segment[] {
  return prefix.map((part) => (part.text === bar ? part : seg(" ".repeat(widthOf(part.text)))));
}

function labelColumns({ sources }: Pick<LogsState, "sources">): number {
  if (sources.length < 2) return 0;
  return Math.min(longestLabel, Math.max(...sources.map(({ label }) => label.length))) + 3;
}

/** `18:02:03.123` where the user is. */
function localTime(at: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return " ".repeat(stampColumns - 1);
  return `${time.toTimeString().slice(0, 8)}.${at.slice(20, 23)}`;
}

/** The part of a line between two places: matches marked, the rest in the colours it was written in. */
function marked(
  spans: readonly WrittenSpan[],
  matches: ReadonlyArray<readonly [begin: number, end: number]>,
  { from, end }: { from: number; end: number },
): Segment[] {
  const written = (begin: number, to: number) =>
    sliceSpans(spans, begin, to).map(({ text, sgr }): Segment => ({ text, tone: "plain", ...(sgr ? { sgr } : {}) }));
  const segments: Segment[] = [];
  let at = from;
  for (const [begin, to] of matches) {
    const [first, last] = [Math.max(begin, at), Math.min(to, end)];
    if (first >= last) continue;
    const match = sliceSpans(spans, first, last).map(({ text }) => text);
    segments.push(...written(at, first), seg(match.join(""), "match"));
    at = last;
  }
  return [...segments, ...written(at, end)];
}

function headLine(logs: LogsState, columns: number): Line {
  const { title, follows, filter, pattern, wraps, stamps, busy, scan, problem, grown, newer } = logs;
  const newest = logs.blocks.find((block) => block.newest !== undefined)?.newest;
  const progress = scan && scan.total > 0 ? ` ${sizeText(scan.bytes)} of ${sizeText(scan.total)}` : "";
  const words: Segment[] = [
    seg(`  ${title}`, "bold"),
    follows
      ? seg("  following", "good")
      : seg(grown.size > 0 || newer ? "  held, newer lines below: G" : "  held", "wait"),
    ...(filter ? [seg(`  &${filter}`, "match")] : []),
    ...(pattern ? [seg(`  /${pattern}`, "match")] : []),
    ...(newest ? [seg(`  the newest ${newest} lines`, "dim")] : []),
    ...(wraps ? [seg("  wrapped", "dim")] : []),
    ...(stamps ? [seg("  times", "dim")] : []),
    ...(busy === "searching" ? [seg(`  searching${progress}, esc stops`, "busy")] : []),
    ...(problem ? [seg(`  ${problem}`, "bad")] : []),
  ];
  return cutLine(words, columns);
}
