/**
 * The lines of the progress view: what goes on first, what waits, what failed; finished work folded when room is short.
 *
 * Pure. Never more lines than the terminal has, less one for the cursor; never wider than the terminal.
 */
import { elapsedText } from "../../base/elapsed.js";
import { bytesOf, labelOf, type ProgressModel, type Row, type RowState } from "./progress-model.js";

export type Tone = "plain" | "dim" | "good" | "bad" | "busy" | "wait";
export interface Segment {
  readonly text: string;
  readonly tone: Tone;
}
export type Line = readonly Segment[];

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
}

const marks: Record<RowState, string> = { working: "●", waiting: "○", done: "✔", failed: "✘", "held-back": "–" };
const tones: Record<RowState, Tone> = {
  working: "busy",
  waiting: "wait",
  done: "good",
  failed: "bad",
  "held-back": "wait",
};
/** Failures first, because they are what one must not miss. */
const order: readonly RowState[] = ["failed", "working", "waiting", "held-back", "done"];
const actionChars = 10;
const elapsedChars = 7;

/** The view at one moment. */
export function layoutProgress(model: ProgressModel, screen: Screen): Line[] {
  const all = [...model.rows.values()];
  const room = Math.max(1, screen.rows - 2); // the header, and the line the cursor stands on
  const shown = all.length <= room ? all : byUrgency(all).slice(0, room - 1);
  const hidden = all.filter((row) => !shown.includes(row));
  const width = Math.max(0, ...shown.map((row) => labelOf(row.resource).length));
  const lines = [header(model, screen), ...shown.map((row) => rowLine(row, width, screen))];
  if (hidden.length > 0) lines.push(foldLine(hidden));
  return lines.slice(0, Math.max(1, screen.rows - 1)).map((line) => clipped(line, screen.columns));
}

/**
 * What stays on the terminal after the view is gone: one line per resource, in the order of events, cut at the right
 * edge. The whole of a failure stands on its card.
 */
export function summarizeProgress(model: ProgressModel, columns: number): Line[] {
  const all = [...model.rows.values()];
  const width = Math.max(0, ...all.map((row) => labelOf(row.resource).length));
  return [
    ...model.warnings.map((text): Line => [{ text: `warning: ${text}`, tone: "wait" }]),
    ...all.map((row) => clipped(rowLine(row, width, { nowMs: row.endedMs ?? row.sinceMs }), columns)),
  ];
}

function header(model: ProgressModel, { nowMs }: Screen): Line {
  const begins = [...model.rows.values()].map((row) => row.sinceMs);
  const elapsed = begins.length > 0 ? elapsedText(nowMs - Math.min(...begins)) : elapsedText(0);
  return [
    { text: `${model.ended}/${model.operations} done`, tone: "plain" },
    { text: `  ${elapsed}`, tone: "dim" },
  ];
}

function rowLine(row: Row, width: number, { nowMs }: { nowMs: number }): Line {
  const elapsed = elapsedText((row.endedMs ?? nowMs) - row.sinceMs);
  const tone = tones[row.state];
  const detail = [row.detail, amountText(row)].filter((text) => text !== "").join("  ");
  return [
    { text: ` ${marks[row.state]} `, tone },
    { text: labelOf(row.resource).padEnd(width), tone: row.state === "done" ? "dim" : "plain" },
    { text: `  ${row.action.padEnd(actionChars)}`, tone },
    { text: ` ${elapsed.padStart(elapsedChars)}`, tone: "dim" },
    ...(detail === "" ? [] : [{ text: `  ${detail}`, tone: row.state === "failed" ? tone : ("dim" as const) }]),
  ];
}

function amountText(row: Row): string {
  const bytes = row.state === "working" ? bytesOf(row) : undefined;
  if (!bytes) return "";
  return `${megabytes(bytes.current)} of ${megabytes(bytes.total)} MB`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** The urgent ones, those that ended last before those that ended long ago; then back in the order of events. */
function byUrgency(rows: readonly Row[]): Row[] {
  return rows
    .map((row, at) => ({ row, at }))
    .sort(
      (a, b) =>
        order.indexOf(a.row.state) - order.indexOf(b.row.state) ||
        (b.row.endedMs ?? 0) - (a.row.endedMs ?? 0) ||
        a.at - b.at,
    )
    .map(({ row }) => row);
}

function foldLine(rows: readonly Row[]): Line {
  const counts = order.flatMap((state) => {
    const count = rows.filter((row) => row.state === state).length;
    return count > 0 ? [`${count} ${state === "held-back" ? "held back" : state}`] : [];
  });
  return [{ text: ` … and ${counts.join(", ")}`, tone: "dim" }];
}

/** Cut at the right edge, so that no line wraps and the height stays what it was planned to be. */
export function clipped(line: Line, columns: number): Line {
  let left = columns - 1;
  return line.flatMap(({ text, tone }) => {
    const whole = [...text];
    const room = Math.max(0, left);
    const fits = whole.length <= room ? whole : [...whole.slice(0, Math.max(0, room - 1)), ...(room > 0 ? ["…"] : [])];
    left -= fits.length;
    return fits.length === 0 ? [] : [{ text: fits.join(""), tone }];
  });
}
