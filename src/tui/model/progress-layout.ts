/**
 * The lines of the progress view: what goes on first, what waits, what failed; finished work folded when room is short.
 *
 * Pure. Never wider than the terminal, and no taller than three quarters of it: what stood there before stays in sight,
 * and a window that gets a little smaller pushes nothing of the view into its scrollback.
 */
import { elapsedText } from "../../base/elapsed.js";
import { bytesOf, labelOf, type ProgressModel, type Row, type RowState } from "./progress-model.js";
import { cutLine } from "./screen/line.js";

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
const barChars = 12;

/** The view at one moment: a header, then what is worked on by kind. */
export function layoutProgress(model: ProgressModel, screen: Screen): Line[] {
  const groups = groupRows([...model.rows.values()]);
  const height = Math.max(1, Math.min(screen.rows - 1, Math.max(4, Math.floor(screen.rows * 0.75))));
  const room = Math.max(1, height - 1); // without the header
  const lines = [header(model, groups, screen), ...bodyLines(groups, room, screen)];
  return lines.slice(0, height).map((line) => clipped(line, screen.columns));
}

/** Everything where it fits; else kinds that are through in a line each, and of the rest what is urgent. */
function bodyLines(groups: readonly Group[], room: number, screen: Screen): Line[] {
  const all = groups.flatMap(({ rows }) => rows);
  const isFull = all.length > room;
  const folded = isFull ? groups.filter(isThrough) : [];
  const open = groups.filter((group) => !folded.includes(group)).flatMap(({ rows }) => rows);
  const left = room - folded.length;
  const shown = open.length <= left ? open : byUrgency(open).slice(0, Math.max(0, left - 1));
  const hidden = open.filter((row) => !shown.includes(row));
  const width = Math.max(
    0,
    ...shown.map((row) => labelOf(row.resource).length),
    ...folded.map((one) => groupName(one).length),
  );
  return [
    ...folded.map((group) => groupLine(group, width)),
    ...shown.map((row) => rowLine(row, width, screen)),
    ...(hidden.length > 0 ? [foldLine(hidden)] : []),
  ];
}

/** Resources of one kind stand together, kinds in the order in which they were first heard of. */
interface Group {
  readonly kind: string;
  readonly rows: readonly Row[];
}

function groupRows(rows: readonly Row[]): Group[] {
  const kinds = [...new Set(rows.map(({ resource }) => resource.kind))];
  return kinds.map((kind) => ({ kind, rows: rows.filter(({ resource }) => resource.kind === kind) }));
}

function isThrough({ rows }: Group): boolean {
  return rows.length > 1 && rows.every(({ state }) => state === "done");
}

function groupName({ kind, rows }: Group): string {
  return `${rows.length} ${kind}s`;
}

function groupLine(group: Group, width: number): Line {
  const began = Math.min(...group.rows.map(({ sinceMs }) => sinceMs));
  const ended = Math.max(...group.rows.map(({ endedMs = began }) => endedMs));
  const actions = [...new Set(group.rows.map(({ action }) => action))];
  return [
    { text: ` ${marks.done} `, tone: "good" },
    { text: groupName(group).padEnd(width), tone: "dim" },
    { text: `  ${(actions.length === 1 ? (actions[0] ?? "") : "Done").padEnd(actionChars)}`, tone: "good" },
    { text: ` ${elapsedText(ended - began).padStart(elapsedChars)}`, tone: "dim" },
  ];
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

/** `12/40 done  3.4s  2/3 images, 4/12 containers`. */
function header(model: ProgressModel, groups: readonly Group[], { nowMs }: Screen): Line {
  const begins = [...model.rows.values()].map((row) => row.sinceMs);
  const elapsed = begins.length > 0 ? elapsedText(nowMs - Math.min(...begins)) : elapsedText(0);
  return [
    { text: `${model.ended}/${model.operations} done`, tone: "plain" },
    { text: `  ${elapsed}`, tone: "dim" },
    ...(groups.length > 1 ? [{ text: `  ${groups.map(countText).join(", ")}`, tone: "dim" as const }] : []),
  ];
}

function countText({ kind, rows }: Group): string {
  const done = rows.filter(({ state }) => state === "done").length;
  return `${done}/${rows.length} ${kind}${rows.length === 1 ? "" : "s"}`;
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

/** `━━━━━━━━────  8.0 of 12.0 MB` while bytes come. */
function amountText(row: Row): string {
  const bytes = row.state === "working" ? bytesOf(row) : undefined;
  if (!bytes) return "";
  const share = bytes.total > 0 ? Math.min(1, bytes.current / bytes.total) : 0;
  const full = Math.floor(share * barChars);
  const bar = "━".repeat(full) + "─".repeat(barChars - full);
  return `${bar}  ${megabytes(bytes.current)} of ${megabytes(bytes.total)} MB`;
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
  return cutLine(line, columns - 1);
}
