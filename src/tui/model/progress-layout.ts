/**
 * The lines of the progress view: what goes on first, what waits, what failed; like things folded when room is short.
 *
 * Pure. Never wider than the terminal, and no taller than half of it: what stood there before stays in sight, and a
 * window that is made half as wide, which wraps each line once, has room for all of it still.
 */
import { elapsedText } from "../../base/elapsed.js";
import { bytesOf, labelOf, type ProgressModel, type Row, type RowState } from "./progress-model.js";
import { cutLine, fitText } from "./screen/line.js";

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
/** In which what is hidden is counted. */
const order: readonly RowState[] = ["failed", "working", "waiting", "held-back", "done"];
const actionChars = 10;
const elapsedChars = 7;
const barChars = 12;
const leastNameChars = 12;
/** Fewer lines say nothing. */
const leastRows = 4;

/** Lines that a view which is redrawn in place has on a terminal of that many. */
export function viewRows(rows: number): number {
  return Math.max(1, Math.min(rows - 1, Math.max(leastRows, Math.floor(rows / 2))));
}

/** The view at one moment: a header, then what is worked on by kind. */
export function layoutProgress(model: ProgressModel, screen: Screen): Line[] {
  const groups = groupRows([...model.rows.values()]);
  const height = viewRows(screen.rows);
  const room = Math.max(1, height - 1); // without the header
  const lines = [header(model, groups, screen), ...bodyLines(groups, room, screen)];
  return lines.slice(0, height).map((line) => clipped(line, screen.columns));
}

/** Everything where it fits; else what is alike in a line each, and of the rest what is urgent. */
function bodyLines(groups: readonly Group[], room: number, screen: Screen): Line[] {
  const all = groups.flatMap(({ rows }) => rows.map((row): Item => ({ rows: [row] })));
  const folded = groups.flatMap(foldGroup);
  const items = all.length <= room ? all : folded;
  const shown = items.length <= room ? items : mostUrgent(items, room - 1);
  const hidden = items.filter((item) => !shown.includes(item)).flatMap(({ rows }) => rows);
  const width = nameChars(shown.map(nameOf), screen.columns);
  return [...shown.map((item) => itemLine(item, width, screen)), ...(hidden.length > 0 ? [hiddenLine(hidden)] : [])];
}

/** Resources of one kind stand together, kinds in the order in which they were first heard of. */
interface Group {
  readonly kind: string;
  readonly rows: readonly Row[];
}

/** One line: a resource, or several of a kind that are in the same state for the same reason. */
interface Item {
  readonly rows: readonly Row[];
}

function groupRows(rows: readonly Row[]): Group[] {
  const kinds = [...new Set(rows.map(({ resource }) => resource.kind))];
  return kinds.map((kind) => ({ kind, rows: rows.filter(({ resource }) => resource.kind === kind) }));
}

/** Each that fails or is worked on by itself; those that wait for the same, and those that are done, together. */
function foldGroup({ rows }: Group): Item[] {
  const open = rows.filter(({ state }) => state === "failed" || state === "working");
  const alike = new Map<string, Row[]>();
  for (const row of rows.filter((one) => !open.includes(one))) {
    // Where each waits for something of its own, that is a reason too.
    const isShared = rows.some((other) => other !== row && other.detail === row.detail);
    const key = row.state === "done" ? "done" : `${row.state} ${row.action} ${isShared ? row.detail : "…"}`;
    alike.set(key, [...(alike.get(key) ?? []), row]);
  }
  return [
    ...open.map((row): Item => ({ rows: [row] })),
    ...[...alike.values()].map((some): Item => ({ rows: some })),
  ].sort((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ rows: [first] }: Item): number {
  return order.indexOf(first?.state ?? "done");
}

/** Failures, then lines that stand for many, as far as they leave half of the room to what is worked on. */
function mostUrgent(items: readonly Item[], room: number): Item[] {
  const byRank = [...items].sort((a, b) => rankOf(a) - rankOf(b));
  const failed = byRank.filter((item) => rankOf(item) === 0);
  const many = byRank.filter(({ rows }) => rows.length > 1).slice(0, Math.floor(room / 2));
  const chosen = new Set([...new Set([...failed, ...many, ...byRank])].slice(0, Math.max(0, room)));
  return items.filter((item) => chosen.has(item));
}

/** As wide as the longest name, unless what happens to it would not be seen then. */
function nameChars(names: readonly string[], columns: number): number {
  const besides = 3 + 2 + actionChars + 1 + elapsedChars + 1;
  return Math.min(Math.max(0, ...names.map((name) => name.length)), Math.max(leastNameChars, columns - besides));
}

function nameOf({ rows }: Item): string {
  const [first] = rows;
  if (!first) return "";
  return rows.length === 1 ? labelOf(first.resource) : `${rows.length} ${first.resource.kind}s`;
}

function itemLine(item: Item, width: number, screen: Screen): Line {
  const [first] = item.rows;
  if (!first) return [];
  if (item.rows.length === 1) return rowLine(first, width, screen);
  const { state } = first;
  const isShared = item.rows.every(({ detail }) => detail === first.detail);
  const detail = isShared ? first.detail : `${first.detail}, …`;
  const began = Math.min(...item.rows.map(({ sinceMs }) => sinceMs));
  const ended = Math.max(...item.rows.map(({ endedMs = screen.nowMs }) => endedMs));
  const actions = [...new Set(item.rows.map(({ action }) => action))];
  const action = actions.length === 1 ? (actions[0] ?? "") : "Done";
  return [
    { text: ` ${marks[state]} `, tone: tones[state] },
    { text: fitText(nameOf(item), width), tone: state === "done" ? "dim" : "plain" },
    { text: `  ${action.padEnd(actionChars)}`, tone: tones[state] },
    { text: ` ${elapsedText(ended - began).padStart(elapsedChars)}`, tone: "dim" },
    ...(detail === "" || state === "done" ? [] : [{ text: `  ${detail}`, tone: "dim" as const }]),
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
    ...all.map((row) => clipped(rowLine(row, width), columns)),
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

/** What has not ended has no time once nobody counts it any more. */
function rowLine(row: Row, width: number, screen?: Screen): Line {
  const untilMs = row.endedMs ?? screen?.nowMs;
  const elapsed = untilMs === undefined ? "" : elapsedText(untilMs - row.sinceMs);
  const tone = tones[row.state];
  const detail = [row.detail, amountText(row)].filter((text) => text !== "").join("  ");
  return [
    { text: ` ${marks[row.state]} `, tone },
    { text: fitText(labelOf(row.resource), width), tone: row.state === "done" ? "dim" : "plain" },
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

function hiddenLine(rows: readonly Row[]): Line {
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
