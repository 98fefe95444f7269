/**
 * Reads and rotates a container's log as conmon writes it.
 *
 * A log is one or more files, the oldest first and the one being written last. Reading goes by blocks; `tail` finds its
 * start from the end, so that the last ten lines of a gigabyte cost a block. Following waits for inotify, and when the
 * file was renamed reads the old one to its end before it opens the new one.
 */
import { watch } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { dockerTimestamp, type LogEntry, parseLogLine, timestampSeconds } from "../../wire/log-line.js";
import { encodeFrame } from "../../wire/stream.js";

const blockBytes = 64 * 1024;
/** A line that never ends is given out in pieces of this size. */
const longestLineBytes = 1024 * 1024;
const newline = 0x0a;

/** As `LogOptions` of the containers room. `tty` gives raw bytes in place of frames. */
export interface ReadLogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Fractional seconds since the epoch, both inclusive. */
  readonly since?: number;
  readonly until?: number;
  /** Last n lines, counted before the filters by time and stream, as Docker does; undefined means all. */
  readonly tail?: number;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Stands before each line, after its time. */
  readonly prefix?: string;
  readonly tty?: boolean;
  /** Aborted when the container has ended: following stops once the file is drained. */
  readonly ended?: AbortSignal;
}

/**
 * Frames (or raw bytes) of the log in order. Missing files are empty. Ends at the end, or with `follow` when `ended` is
 * aborted and all is read, or when `signal` is aborted.
 */
export async function* readLog(
  paths: readonly string[],
  options: ReadLogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const present = await openAll(paths);
  try {
    const starts = await startsForTail(present, options.tail);
    const joiner = new LineJoiner(options);
    for (const [at, file] of present.entries()) {
      const isLive = file.path === paths.at(-1);
      const start = starts[at];
      if (start === undefined && !(isLive && options.follow)) continue;
      const offset = start ?? file.size;
      yield* isLive && options.follow
        ? followFile(file, offset, { joiner, options, signal })
        : readBlocks(file.handle, { position: offset, end: file.size, joiner, signal });
      if (joiner.done || signal.aborted) return;
    }
    if (options.follow && present.at(-1)?.path !== paths.at(-1)) {
      yield* followFile({ path: paths.at(-1) ?? "", handle: undefined }, 0, { joiner, options, signal });
    }
    yield* joiner.flush();
  } finally {
    for (const { handle } of present) await handle.close().catch(() => {});
  }
}

/**
 * Renames `path` to `path.1`, that to `path.2` and so on, keeping `maxFiles` in all, then asks the writer to open
 * `path` anew (conmon's reopen). Lines written between rename and reopen go to `path.1`; none is lost.
 */
export async function rotateLog(path: string, maxFiles: number, reopen: () => Promise<void>): Promise<void> {
  const older = Array.from({ length: maxFiles - 1 }, (_none, at) => `${path}.${at + 1}`);
  const chain = [path, ...older];
  const last = chain.at(-1);
  if (last !== undefined && maxFiles > 1) await rm(last, { force: true });
  for (let at = chain.length - 2; at >= 0; at--) {
    const [from, to] = [chain[at], chain[at + 1]];
    if (from !== undefined && to !== undefined) await rename(from, to).catch(() => {});
  }
  if (maxFiles <= 1) await rm(path, { force: true });
  await reopen();
}

interface OpenLog {
  readonly path: string;
  readonly handle: FileHandle;
  /** When it was opened. A reader that does not follow stops there, however fast the writer goes on. */
  readonly size: number;
}

async function openAll(paths: readonly string[]): Promise<OpenLog[]> {
  const opened: OpenLog[] = [];
  for (const path of paths) {
    const handle = await open(path, "r").catch(() => undefined);
    if (handle) opened.push({ path, handle, size: (await handle.stat()).size });
  }
  return opened;
}

/** Where each file's reading starts; undefined for one that lies before the tail. */
async function startsForTail(files: readonly OpenLog[], tail: number | undefined): Promise<Array<number | undefined>> {
  if (tail === undefined) return files.map(() => 0);
  const starts: Array<number | undefined> = files.map(() => undefined);
  let missing = tail;
  for (let at = files.length - 1; at >= 0 && missing > 0; at--) {
    const file = files[at];
    if (!file) break;
    const { start, lines } = await lastLines(file, missing);
    starts[at] = start;
    missing -= lines;
  }
  return starts;
}

/**
 * Offset of the last `wanted` lines, and how many there are; parts of a line count as one with its end, and so do those
 * of a line without an end, with which a stream may close.
 */
async function lastLines({ handle, size }: OpenLog, wanted: number): Promise<{ start: number; lines: number }> {
  let lines = 0;
  const seen = new Set<LogEntry["stream"]>();
  let carried: Buffer = Buffer.alloc(0); // the beginning of a line whose head lies in an earlier block
  let carriedAt = size;
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - blockBytes);
    const block = Buffer.alloc(end - from);
    await handle.read(block, 0, block.length, from);
    const text = Buffer.concat([block, carried.subarray(0, longestLineBytes)]);
    carriedAt = from;
    let lineEnd = text.length;
    if (text[lineEnd - 1] === newline) lineEnd--;
    for (let at = text.lastIndexOf(newline, lineEnd - 1); ; at = at > 0 ? text.lastIndexOf(newline, at - 1) : -1) {
      if (at < 0 && from > 0) break;
      const entry = parseLogLine(text.subarray(at + 1, lineEnd));
      if (entry && (!entry.partial || !seen.has(entry.stream))) {
        if (lines === wanted) return { start: carriedAt + lineEnd + 1, lines };
        lines++;
        seen.add(entry.stream);
      }
      if (at < 0) return { start: 0, lines };
      lineEnd = at;
    }
    carried = text.subarray(0, lineEnd + 1);
    end = from;
  }
  return { start: 0, lines };
}

async function* readBlocks(
  handle: FileHandle,
  {
    position,
    end = Number.POSITIVE_INFINITY,
    joiner,
    signal,
  }: { position: number; end?: number; joiner: LineJoiner; signal: AbortSignal },
): AsyncGenerator<Uint8Array, number> {
  let at = position;
  const block = Buffer.alloc(blockBytes);
  for (;;) {
    const { bytesRead } = await handle.read(block, 0, Math.min(blockBytes, end - at), at);
    if (bytesRead === 0 || signal.aborted) return at;
    at += bytesRead;
    const output = joiner.push(Buffer.from(block.subarray(0, bytesRead)));
    if (output.length > 0) yield output;
    if (joiner.done) return at;
  }
}

async function* followFile(
  first: { path: string; handle: FileHandle | undefined },
  offset: number,
  context: { joiner: LineJoiner; options: ReadLogOptions; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { joiner, options, signal } = context;
  const { path } = first;
  const changes = new Changes(path, [signal, options.ended]);
  let handle = first.handle;
  let own: FileHandle | undefined;
  let position = offset;
  try {
    for (;;) {
      const ended = options.ended?.aborted ?? false; // looked at before reading: what was written until then is read
      const renamed = handle ? await isRenamed(handle, path) : true;
      if (handle) position = yield* readBlocks(handle, { position, joiner, signal });
      if (joiner.done || signal.aborted) return;
      if (renamed) {
        const next = await open(path, "r").catch(() => undefined);
        if (next) {
          // Until the new file was there the writer may have written to the old one.
          if (handle) yield* readBlocks(handle, { position, joiner, signal });
          await own?.close();
          own = next;
          handle = next;
          position = 0;
          continue;
        }
      }
      if (ended) return yield* joiner.flush();
      await changes.next();
    }
  } finally {
    changes.close();
    await own?.close();
  }
}

async function isRenamed(handle: FileHandle, path: string): Promise<boolean> {
  const now = await stat(path).catch(() => undefined);
  return now?.ino !== (await handle.stat()).ino;
}

/** Wakes at every change in the log's directory entry or at an abort; one change while nobody waits is remembered. */
class Changes {
  readonly #watcher;
  readonly #signals: ReadonlyArray<AbortSignal | undefined>;
  readonly #wakeUp = () => this.#changed();
  #pending = false;
  #wake: (() => void) | undefined;

  constructor(path: string, signals: ReadonlyArray<AbortSignal | undefined>) {
    this.#watcher = watch(dirname(path), (_event, name) => {
      if (name === null || path.endsWith(`/${name}`)) this.#changed();
    });
    this.#watcher.on("error", this.#wakeUp);
    this.#signals = signals;
    for (const signal of signals) signal?.addEventListener("abort", this.#wakeUp);
  }

  async next(): Promise<void> {
    if (!this.#pending) await new Promise<void>((wake) => (this.#wake = wake));
    this.#pending = false;
    this.#wake = undefined;
  }

  close(): void {
    this.#watcher.close();
    for (const signal of this.#signals) signal?.removeEventListener("abort", this.#wakeUp);
  }

  #changed(): void {
    this.#pending = true;
    this.#wake?.();
  }
}

/** From raw bytes of the file to output: whole lines, parts joined, filtered, framed. */
class LineJoiner {
  /** True when a line lay behind `until`: nothing more can be of interest. */
  done = false;
  readonly #options: ReadLogOptions;
  #rest: Buffer = Buffer.alloc(0);
  readonly #parts: Record<LogEntry["stream"], { timestamp: string; texts: Buffer[]; bytes: number } | undefined> = {
    stdout: undefined,
    stderr: undefined,
  };

  constructor(options: ReadLogOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): Uint8Array {
    const text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const output: Uint8Array[] = [];
    let from = 0;
    for (let end = text.indexOf(newline); end >= 0 && !this.done; end = text.indexOf(newline, from)) {
      const entry = parseLogLine(text.subarray(from, end));
      if (entry) this.#take(entry, output);
      from = end + 1;
    }
    this.#rest = text.subarray(from);
    return output.length === 1 ? (output[0] ?? new Uint8Array()) : Buffer.concat(output);
  }

  /** What a process left without a line's end. */
  *flush(): Generator<Uint8Array> {
    for (const stream of ["stdout", "stderr"] as const) {
      const part = this.#parts[stream];
      this.#parts[stream] = undefined;
      if (part) yield this.#encode(stream, part.timestamp, Buffer.concat(part.texts));
    }
  }

  #take(entry: LogEntry, output: Uint8Array[]): void {
    const { since, until } = this.#options;
    if (since !== undefined || until !== undefined) {
      const seconds = timestampSeconds(entry.timestamp);
      if (since !== undefined && seconds < since) return;
      if (until !== undefined && seconds > until) {
        this.done = true;
        return;
      }
    }
    if (!this.#options[entry.stream]) return;
    const part = this.#parts[entry.stream] ?? { timestamp: entry.timestamp, texts: [], bytes: 0 };
    part.texts.push(Buffer.from(entry.text));
    part.bytes += entry.text.length;
    if (entry.partial && part.bytes < longestLineBytes) {
      this.#parts[entry.stream] = part;
      return;
    }
    this.#parts[entry.stream] = undefined;
    const lineEnd = entry.partial ? [] : [Buffer.from("\n")];
    output.push(this.#encode(entry.stream, part.timestamp, Buffer.concat([...part.texts, ...lineEnd])));
  }

  #encode(stream: LogEntry["stream"], timestamp: string, text: Buffer): Uint8Array {
    const { timestamps, prefix = "" } = this.#options;
    const stamp = timestamps ? `${dockerTimestamp(timestamp)} ` : "";
    const payload = stamp || prefix ? Buffer.concat([Buffer.from(stamp + prefix), text]) : text;
    return this.#options.tty ? payload : encodeFrame({ stream, payload });
  }
}
