/**
 * conmon's log lines: `TIMESTAMP stdout|stderr F|P text`, the timestamp RFC 3339 with nanoseconds and an offset. `P`
 * marks a part whose line goes on in the next entry of the same stream. Pure.
 *
 * `GET /gantry/containers/ID/log` lists a log's files, `…/log/FILE?offset=&bytes=` gives their bytes.
 */

/** One file of a log: a name that stays with it when it is rotated, and its size now. */
export interface LogFile {
  File: string;
  Bytes: number;
}

/** An answer holds no more of a file. */
export const longestLogReadBytes = 1024 * 1024;

export interface LogEntry {
  /** As written; UTC offset included. */
  readonly timestamp: string;
  readonly stream: "stdout" | "stderr";
  readonly partial: boolean;
  /** Without the line's end. */
  readonly text: Buffer;
}

const space = 0x20;
const capitalP = 0x50;

/** Undefined for a line that is none of conmon's: a write that a crash cut off. */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  if (first < 0 || second < 0) return undefined;
  const stream = line.toString("latin1", first + 1, second);
  if ((stream !== "stdout" && stream !== "stderr") || line[second + 2] !== space) return undefined;
  return {
    timestamp: line.toString("latin1", 0, first),
    stream,
    partial: line[second + 1] === capitalP,
    text: line.subarray(second + 3),
  };
}

/** Seconds since the epoch, with fraction. NaN for what is no time. */
export function timestampSeconds(timestamp: string): number {
  const match = /^(.*T\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(timestamp);
  if (!match) return Number.NaN;
  return Date.parse(`${match[1]}${match[3]}`) / 1000 + Number(match[2] ?? 0);
}

/** In UTC with exactly nine digits, as Docker prints it. */
export function dockerTimestamp(timestamp: string): string {
  const fraction = (/\.(\d+)/.exec(timestamp)?.[1] ?? "").padEnd(9, "0").slice(0, 9);
  const whole = new Date(Math.floor(timestampSeconds(timestamp.replace(/\.\d+/, ""))) * 1000);
  return Number.isNaN(whole.getTime()) ? timestamp : `${whole.toISOString().slice(0, 19)}.${fraction}Z`;
}
