/** A stretch of a container's log, as its file holds it, as lines. Pure. */
import { dockerTimestamp, parseLogLine } from "../../../wire/log-line.js";
import type { LogLine, LogPlace } from "./log-window.js";

/** A longer line is held, shown and searched by its beginning: what a terminal can show is far less. */
export const longestTextChars = 16 * 1024;

const newline = 0x0a;

/** Which lines are of interest; all without it. */
export type LineTest = (text: string) => boolean;

export interface ParsedBlock {
  readonly lines: readonly LogLine[];
  readonly firstAt?: string;
  readonly lastAt?: string;
}

export interface ParseOptions {
  readonly place: LogPlace;
  readonly source: number;
  readonly test?: LineTest | undefined;
}

/** `bytes` are whole lines that begin at `place`. Parts of one line are joined; lines that are none are left out. */
export function parseBlock(bytes: Buffer, options: ParseOptions): ParsedBlock {
  const { test } = options;
  // Most of ten million lines do not match: they are looked at in one text, and only what matches becomes a line.
  if (!test || bytes.includes(" stdout P ") || bytes.includes(" stderr P ")) return parseEach(bytes, options);
  const lines: LogLine[] = [];
  eachLine(bytes.toString("utf8"), test, (text, line, offset) => {
    const place = { file: options.place.file, offset: options.place.offset + Buffer.byteLength(text.slice(0, offset)) };
    lines.push(...parseEach(Buffer.from(line), { ...options, place }).lines);
    return false;
  });
  const { firstAt } = parseEach(bytes.subarray(0, endOfLine(bytes, 0)), options);
  const { lastAt } = parseEach(bytes.subarray(bytes.lastIndexOf(newline, bytes.length - 2) + 1), options);
  return { lines, ...times(firstAt, lastAt) };
}

function parseEach(bytes: Buffer, { place, source, test }: ParseOptions): ParsedBlock {
  const lines: LogLine[] = [];
  const parts = new Map<string, { at: string; texts: Buffer[]; offset: number }>();
  let firstAt: string | undefined;
  let lastAt: string | undefined;
  for (let from = 0; from < bytes.length; ) {
    const found = bytes.indexOf(newline, from);
    const end = found < 0 ? bytes.length : found;
    const entry = parseLogLine(bytes.subarray(from, end));
    if (entry) {
      const part = parts.get(entry.stream) ?? { at: utc(entry.timestamp), texts: [], offset: from };
      part.texts.push(entry.text);
      parts.set(entry.stream, part);
      firstAt ??= part.at;
      lastAt = part.at;
      if (!entry.partial) {
        parts.delete(entry.stream);
        const text = textOf(part.texts);
        const isError = entry.stream === "stderr";
        const at = { file: place.file, offset: place.offset + part.offset };
        if (!test || test(text)) lines.push({ at: part.at, isError, text, place: at, source });
      }
    }
    from = end + 1;
  }
  return { lines, ...times(firstAt, lastAt) };
}

function times(firstAt: string | undefined, lastAt: string | undefined): Pick<ParsedBlock, "firstAt" | "lastAt"> {
  return { ...(firstAt === undefined ? {} : { firstAt }), ...(lastAt === undefined ? {} : { lastAt }) };
}

function endOfLine(bytes: Buffer, from: number): number {
  const found = bytes.indexOf(newline, from);
  return found < 0 ? bytes.length : found;
}

/** Calls `take` for each line whose own text passes, until it answers true. `offset` counts characters. */
function eachLine(text: string, test: LineTest, take: (text: string, line: string, offset: number) => boolean): void {
  for (let from = 0; from < text.length; ) {
    const found = text.indexOf("\n", from);
    const end = found < 0 ? text.length : found;
    const begin = textBegin(text, from, end);
    if (begin >= 0 && test(text.slice(begin, Math.min(end, begin + longestTextChars)))) {
      if (take(text, text.slice(from, end), from)) return;
    }
    from = end + 1;
  }
}

/** The last line of `bytes` that `test` takes, or with `first` the first; undefined when there is none. */
export function findInBlock(
  bytes: Buffer,
  { place, source, test, first }: { place: LogPlace; source: number; test: LineTest; first: boolean },
): LogLine | undefined {
  const text = bytes.toString("utf8");
  let hit: { line: string; offset: number } | undefined;
  eachLine(text, test, (_text, line, offset) => {
    hit = { line, offset };
    return first;
  });
  if (!hit) return undefined;
  const offset = place.offset + Buffer.byteLength(text.slice(0, hit.offset));
  return parseEach(Buffer.from(hit.line), { place: { file: place.file, offset }, source }).lines[0];
}

/** Behind `TIMESTAMP STREAM F `; -1 for a line that is cut short. */
function textBegin(text: string, from: number, end: number): number {
  const second = text.indexOf(" ", text.indexOf(" ", from) + 1);
  return second < 0 || second + 2 > end ? -1 : second + 3;
}

function textOf(parts: readonly Buffer[]): string {
  const [only] = parts;
  const whole = only && parts.length === 1 ? only : Buffer.concat(parts);
  const text = whole.toString("utf8", 0, longestTextChars);
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

/** conmon writes the local offset; most hosts that run containers have none, and then only the letter differs. */
function utc(timestamp: string): string {
  return timestamp.endsWith("+00:00") && timestamp.length === 35
    ? `${timestamp.slice(0, 29)}Z`
    : dockerTimestamp(timestamp);
}
