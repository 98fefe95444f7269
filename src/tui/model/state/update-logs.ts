/** The logs screen's moves: what a key or an answer makes of it, and what is to be read next. Pure. */
import {
  isSameLine,
  joinBlocks,
  type LogBlock,
  type LogLine,
  mergeBlocks,
  sourceToRead,
  trimBlocks,
} from "../logs/log-window.js";
import { bodyRows } from "../screen/frame.js";
import { lineHeight, logColumns } from "../views/logs-view.js";
import type { Size } from "./console-state.js";
import { holdLimits, type LogEffect, type LogMessage, type LogsState } from "./logs-state.js";
import { compilePattern } from "./pattern.js";

export interface LogsUpdate {
  readonly logs: LogsState;
  readonly effects: readonly LogEffect[];
}

/** A few screens are read ahead of what is shown. */
const screensAhead = 2;

/** Opens logs at their end, followed. Settings of the screen before are kept. */
export function openLogs(
  before: LogsState | undefined,
  { title, services, sources }: Pick<LogsState, "title" | "services" | "sources">,
): LogsUpdate {
  const session = (before?.session ?? 0) + 1;
  const logs: LogsState = {
    ...{
      session,
      title,
      services,
      sources,
      blocks: [],
      lines: [],
      follows: true,
      grown: new Set(),
      busy: "opening",
      left: 0,
    },
    search: before?.search ?? 0,
    wraps: before?.wraps ?? false,
    stamps: before?.stamps ?? false,
  };
  return { logs, effects: [{ kind: "open-logs", session, sources }] };
}

/** The same services' logs anew, at their end, with another filter, or around a line. */
export function reopen(
  logs: LogsState,
  { filter, around }: { filter?: string | undefined; around?: LogLine | undefined },
): LogsUpdate {
  const session = logs.session + 1;
  const { filter: _filter, anchor: _anchor, hit: _hit, newer, ...rest } = without(logs, "scan", "problem", "isReading");
  // A line that is shown stands in one of those that were open.
  const sources = (around === undefined ? newer : undefined) ?? logs.sources;
  return {
    logs: {
      ...rest,
      session,
      sources,
      blocks: [],
      lines: [],
      busy: "opening",
      grown: new Set(),
      follows: around === undefined,
      ...(filter === undefined ? {} : { filter }),
      ...(around === undefined ? {} : { anchor: around, hit: around, ...(newer ? { newer } : {}) }),
    },
    effects: [{ kind: "open-logs", session, sources, filter, around }],
  };
}

/** What an answer makes of it; answers to an earlier session change nothing. */
export function updateLogs(logs: LogsState, message: LogMessage, size: Size): LogsUpdate {
  if (isOver(logs, message)) return { logs, effects: [] };
  switch (message.kind) {
    case "logs-opened":
      return readOn(centred(opened(logs, message.blocks), size), size);
    case "log-read": {
      const blocks = logs.blocks.map((block, at) => {
        if (at !== message.source) return block;
        return message.direction === "before" ? joinBlocks(message.block, block) : joinBlocks(block, message.block);
      });
      const anchor = logs.anchor ?? logs.lines.at(-1);
      // Of what is followed the end is what counts: the beginning goes.
      const direction = message.direction;
      const trimmed = trimBlocks(blocks, {
        anchor: logs.follows ? undefined : anchor,
        direction,
        limits: holdLimits,
      });
      const grown = new Set(logs.grown);
      if (direction === "after") grown.delete(message.source);
      const read = { ...withBlocks(logs, trimmed), grown };
      return readOn(without(read, "isReading", ...(logs.busy === "searching" ? [] : (["problem"] as const))), size);
    }
    case "log-grew":
      return readOn({ ...logs, grown: new Set([...logs.grown, ...message.sources]) }, size);
    case "log-scanned":
      return { logs: { ...logs, scan: { bytes: message.bytes, total: message.total } }, effects: [] };
    case "log-searched":
      return found(logs, message.hit, size);
    case "log-failed":
      return {
        logs: {
          ...(message.search === undefined ? failed(logs) : without(logs, "busy", "scan")),
          problem: message.reason,
        },
        effects: [],
      };
  }
}

/** Of an earlier opening, or of a search that has been ended. */
function isOver(logs: LogsState, message: LogMessage): boolean {
  if (message.session !== logs.session) return true;
  const search = "search" in message ? message.search : undefined;
  return search !== undefined && (search !== logs.search || logs.busy !== "searching");
}

/** After a read, or an opening, that failed: a search goes on. */
function failed(logs: LogsState): LogsState {
  return logs.busy === "opening" ? without(logs, "busy", "isReading") : without(logs, "isReading");
}

/** What may have been written while it was opened is read next. */
function opened(logs: LogsState, blocks: readonly LogBlock[]): LogsState {
  const grown = logs.follows ? new Set(blocks.keys()) : logs.grown;
  return { ...without(withBlocks(logs, blocks), "busy", "scan", "problem"), grown };
}

/** Moves by lines; at the end it follows again. */
export function scrollLogs(logs: LogsState, by: number, size: Size): LogsUpdate {
  const { lines } = logs;
  const now = anchorAt(logs);
  const next = Math.max(Math.min(now + by, lines.length - 1), lowestBottom(logs, size));
  const line = lines[next];
  if (!line) return { logs, effects: [] };
  const isLast = next >= lines.length - 1 && logs.blocks.every(({ isEnd }) => isEnd);
  const moved: LogsState =
    isLast && by > 0 ? { ...without(logs, "anchor"), follows: true } : { ...logs, anchor: line, follows: false };
  return readOn(moved, size);
}

/** To the first line, or to the last one, which is then followed. */
export function jumpLogs(logs: LogsState, to: "first" | "last", size: Size): LogsUpdate {
  if (to === "last") {
    const isHeld = logs.blocks.length > 0 && !logs.newer && logs.blocks.every(({ isEnd }) => isEnd);
    if (!isHeld) return reopen(logs, { filter: logs.filter });
    return readOn({ ...without(logs, "anchor"), follows: true }, size);
  }
  if (logs.blocks.every(({ isStart }) => isStart)) return scrollLogs(logs, -logs.lines.length, size);
  const first: LogLine = { at: "", isError: false, text: "", place: { file: "", offset: 0 }, source: -1 };
  const opened = reopen(logs, { filter: logs.filter, around: first });
  return { ...opened, logs: without(opened.logs, "hit") };
}

/** The nearest match: at once among the lines that are held, else in the files. */
export function searchLogs(
  logs: LogsState,
  { pattern, direction }: { pattern: string; direction: "before" | "after" },
  size: Size,
): LogsUpdate {
  const test = compilePattern(pattern);
  if (!test.ok) return { logs: { ...logs, problem: test.problem }, effects: [] };
  const { lines } = logs;
  const isNew = pattern !== logs.pattern || !logs.hit;
  const hitAt = logs.hit ? lines.findIndex((line) => logs.hit && isSameLine(line, logs.hit)) : -1;
  const from = isNew || hitAt < 0 ? anchorAt(logs) + 1 : hitAt;
  const asked: LogsState = { ...without(logs, "problem", "scan"), pattern, search: logs.search + 1 };
  const held =
    direction === "before"
      ? lines.slice(0, from).findLast(({ text }) => test.test(text))
      : lines.slice(hitAt + 1).find(({ text }) => test.test(text));
  if (held) return found(asked, held, size);
  const places = logs.blocks.map(({ begin, end }) => (direction === "before" ? begin : end));
  const isDone = logs.blocks.every((block) => (direction === "before" ? block.isStart : block.isEnd));
  if (isDone) return found(asked, undefined, size);
  const effect: LogEffect = {
    kind: "search-logs",
    session: logs.session,
    search: asked.search,
    from: { places, direction, pattern, filter: logs.filter },
  };
  return { logs: { ...asked, busy: "searching" }, effects: [effect] };
}

/** Without the members that are named. */
function without(logs: LogsState, ...names: Array<OptionalOf<LogsState>>): LogsState {
  const kept = Object.entries(logs).filter(([name]) => !names.some((one) => one === name));
  return Object.fromEntries(kept) as unknown as LogsState; // only optional members were left out
}
type OptionalOf<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

function withBlocks(logs: LogsState, blocks: readonly LogBlock[]): LogsState {
  return { ...logs, blocks, lines: mergeBlocks(blocks) };
}

/** Index of the lowest line on the screen. */
export function anchorAt({ lines, anchor }: Pick<LogsState, "lines" | "anchor">): number {
  if (!anchor) return lines.length - 1;
  const found = lines.findIndex((line) => isSameLine(line, anchor));
  return found >= 0 ? found : lines.length - 1;
}

/** The smallest index that still fills the screen. */
function lowestBottom(logs: LogsState, size: Size): number {
  const rows = bodyRows(size) - 1;
  const columns = logColumns(logs, size);
  let used = 0;
  for (const [at, line] of logs.lines.entries()) {
    used += lineHeight(line, { wraps: logs.wraps, columns });
    if (used >= rows) return at;
  }
  return logs.lines.length - 1;
}

/** A line that was searched or returned to stands in the middle; the beginning at the top. */
function centred(logs: LogsState, size: Size): LogsState {
  if (!logs.anchor) return logs;
  const target = logs.anchor;
  const at = logs.lines.findIndex((line) => isSameLine(line, target));
  const middle = at < 0 ? 0 : at + Math.floor(bodyRows(size) / 2);
  const line = logs.lines[Math.max(lowestBottom(logs, size), Math.min(middle, logs.lines.length - 1))];
  return line ? { ...logs, anchor: line } : without(logs, "anchor");
}

function found(logs: LogsState, hit: LogLine | undefined, size: Size): LogsUpdate {
  const idle = without(logs, "busy", "scan");
  if (!hit) return { logs: { ...idle, problem: `Nothing more matches ${logs.pattern ?? ""}` }, effects: [] };
  const isHeld = logs.lines.some((line) => isSameLine(line, hit));
  if (!isHeld) return reopen(idle, { filter: logs.filter, around: hit });
  return readOn(centred({ ...idle, hit, anchor: hit, follows: false }, size), size);
}

/** Ends a search; what was written meanwhile is read. */
export function cancelSearch(logs: LogsState, size: Size): LogsUpdate {
  const { logs: next, effects } = readOn(without(logs, "busy", "scan", "problem", "hit"), size);
  return { logs: next, effects: [{ kind: "cancel-search" }, ...effects] };
}

/** Asks for more where less than some screens are held in a direction; one read at a time. */
function readOn(logs: LogsState, size: Size): LogsUpdate {
  if (logs.busy || logs.isReading) return { logs, effects: [] };
  const ahead = bodyRows(size) * screensAhead;
  const at = anchorAt(logs);
  const wants = [
    ...(logs.follows || logs.lines.length - at < ahead ? (["after"] as const) : []),
    ...(at < ahead ? (["before"] as const) : []),
  ];
  for (const direction of wants) {
    const [grown] = direction === "after" ? logs.grown : [];
    const source = sourceToRead(logs.blocks, direction) ?? grown;
    const block = source === undefined ? undefined : logs.blocks[source];
    if (source === undefined || !block) continue;
    const place = direction === "before" ? block.begin : block.end;
    const { session, filter } = logs;
    return {
      logs: { ...logs, isReading: true },
      effects: [{ kind: "read-log", session, source, direction, place, filter }],
    };
  }
  return { logs, effects: [] };
}
