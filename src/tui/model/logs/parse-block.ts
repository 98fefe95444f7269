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

/** `bytes` are whole lines that begin at `place`. Parts of one line are joined; lines that are none are left out. */
export function parseBlock(
  bytes: Buffer,
  { place, source, test }: { place: LogPlace; source: number; test?: LineTest | undefined },
): ParsedBlock {
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
  return {
    lines,
    ...(firstAt === undefined ? {} : { firstAt }),
    ...(lastAt === undefined ? {} : { lastAt }),
  };
}

/** The last line of `bytes` that `test` takes, or with `first` the first; undefined when there is none. */
export function findInBlock(
  bytes: Buffer,
  { place, source, test, first }: { place: LogPlace; source: number; test: LineTest; first: boolean },
): LogLine | undefined {
  // One text for the whole block: a line of its own for each of ten million costs more than the search.
  const text = bytes.toString("utf8");
  let hit: { from: number; end: number } | undefined;
  for (let from = 0; from < text.length; ) {
    const found = text.indexOf("\n", from);
    const end = found < 0 ? text.length : found;
    const begin = textBegin(text, from, end);
    if (begin >= 0 && test(text.slice(begin, Math.min(end, begin + longestTextChars)))) {
      hit = { from, end };
      if (first) break;
    }
    from = end + 1;
  }
  if (!hit) return undefined;
  const offset = Buffer.byteLength(text.slice(0, hit.from));
  const line = Buffer.from(text.slice(hit.from, hit.end));
  return parseBlock(line, { place: { file: place.file, offset: place.offset + offset }, source }).lines[0];
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
