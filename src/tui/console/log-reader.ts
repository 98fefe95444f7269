/**
 * Reads one container's log back and forth, a bounded stretch at a time, whatever the size of its files.
 *
 * Implemented over the engine's own route for its files; `tail-reader.ts` serves engines that have none.
 */
import { isGantryError } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import type { LogFile } from "../../wire/log-line.js";
import { type Direction, joinBlocks, type LogBlock, type LogLine, type LogPlace } from "../model/logs/log-window.js";
import { findInBlock, type LineTest, parseBlock } from "../model/logs/parse-block.js";

/** A read is of this size; a search reads more at a time, and not so much that it would be felt at the keys. */
const blockBytes = 128 * 1024;
const searchBytes = 256 * 1024;
const newline = 0x0a;
/** With a filter, how much is looked through for one answer, so that the screen tells how far it is. */
const filterStretchBytes = 4 * 1024 * 1024;
/** Of a filtered read; enough to fill a screen. */
const enoughLines = 200;

export interface SearchOptions {
  readonly place: LogPlace;
  readonly direction: Direction;
  readonly test: LineTest;
  readonly signal: AbortSignal;
  /** Told after each stretch; a search ends when it answers false. */
  readonly onScanned: (bytes: number, lastAt: string | undefined) => boolean;
}

export interface LogReader {
  /** Bytes of all files now. */
  size(): Promise<number>;
  /** The place of the first line at `at` or later; "" is the beginning, undefined the end. */
  placeOf(at: string | undefined): Promise<LogPlace>;
  /** What stands before or behind a place. */
  read(place: LogPlace, direction: Direction, test?: LineTest): Promise<LogBlock>;
  /** The nearest line that `test` takes. */
  search(options: SearchOptions): Promise<LogLine | undefined>;
}

/** Bytes of one file between two offsets that lie between lines, and where to go on. */
interface Stretch {
  readonly bytes: Buffer;
  readonly begin: LogPlace;
  readonly end: LogPlace;
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

interface Asked {
  readonly direction: Direction;
  readonly bytes: number;
  readonly signal?: AbortSignal;
}

export function fileReader(client: EngineClient, containerId: string, source: number): LogReader {
  return new FileReader(client, containerId, source);
}

class FileReader implements LogReader {
  readonly #client: EngineClient;
  readonly #id: string;
  readonly #source: number;

  constructor(client: EngineClient, id: string, source: number) {
    this.#client = client;
    this.#id = id;
    this.#source = source;
  }

  async size(): Promise<number> {
    return (await this.#files()).reduce((sum, { Bytes }) => sum + Bytes, 0);
  }

  async placeOf(at: string | undefined): Promise<LogPlace> {
    const files = await this.#files();
    const last = files.at(-1);
    if (!last) return { file: "", offset: 0 };
    if (at === undefined) return this.#lastLineEnd(last);
    let chosen = files[0] ?? last;
    for (const file of files) {
      const first = await this.#timeFrom(file, 0);
      if (first !== undefined && first <= at) chosen = file;
    }
    return { file: chosen.File, offset: await this.#bisect(chosen, at) };
  }

  async read(place: LogPlace, direction: Direction, test?: LineTest): Promise<LogBlock> {
    let whole: LogBlock | undefined;
    let scanned = 0;
    let at = place;
    const files = await this.#files();
    for (;;) {
      const stretch = await this.#stretch(files, at, { direction, bytes: test ? searchBytes : blockBytes });
      const { bytes, ...edges } = stretch;
      const parsed = parseBlock(bytes, { place: stretch.begin, source: this.#source, test });
      const block: LogBlock = { ...parsed, ...edges };
      if (!whole) whole = block;
      else whole = direction === "before" ? joinBlocks(block, whole) : joinBlocks(whole, block);
      scanned += bytes.length;
      at = direction === "before" ? stretch.begin : stretch.end;
      const isDone = direction === "before" ? stretch.isStart : stretch.isEnd;
      if (isDone || !test || whole.lines.length >= enoughLines || scanned >= filterStretchBytes) return whole;
    }
  }

  async search({ place, direction, test, signal, onScanned }: SearchOptions): Promise<LogLine | undefined> {
    let at = place;
    // Once for the whole search: what a rotation drops meanwhile is empty, what it adds is newer than the question.
    const files = await this.#files();
    for (;;) {
      signal.throwIfAborted();
      const asked = { direction, bytes: searchBytes, signal };
      const { bytes, begin, end, isStart, isEnd } = await this.#stretch(files, at, asked);
      const options = { place: begin, source: this.#source, test, first: direction === "after" };
      const hit = findInBlock(bytes, options);
      if (hit) return hit;
      const goesOn = onScanned(bytes.length, timeAt(bytes, direction));
      if (!goesOn || (direction === "before" ? isStart : isEnd)) return undefined;
      at = direction === "before" ? begin : end;
    }
  }

  /** Whole lines that end or begin at `place`; steps into the neighbouring file at a file's edge. */
  async #stretch(files: readonly LogFile[], place: LogPlace, asked: Asked): Promise<Stretch> {
    const at = files.findIndex(({ File }) => File === place.file);
    const file = files[at];
    if (!file) return this.#lost(files, place, asked);
    if (asked.direction === "before") {
      if (place.offset > 0) return this.#before(file, place, { ...asked, isFirst: at === 0 });
      const earlier = files[at - 1];
      if (!earlier) return emptyAt(place, { isStart: true, isEnd: false });
      return this.#stretch(files, { file: earlier.File, offset: earlier.Bytes }, asked);
    }
    const found = await this.#after(file, place, { ...asked, isLast: at === files.length - 1 });
    const next = files[at + 1];
    if (found.bytes.length > 0 || !next) return found;
    return this.#stretch(files, { file: next.File, offset: 0 }, asked);
  }

  async #before(
    { File }: LogFile,
    place: LogPlace,
    { bytes, isFirst, signal }: Asked & { isFirst: boolean },
  ): Promise<Stretch> {
    const from = Math.max(0, place.offset - bytes);
    const read = await this.#readAt(File, from, place.offset - from, signal);
    // The head of a line that begins before this stretch is left to the next one; one without an end is taken whole.
    const head = from > 0 ? read.indexOf(newline) : -1;
    const cut = head >= 0 && head < read.length - 1 ? head + 1 : 0;
    const begin = { file: File, offset: from + cut };
    return { bytes: read.subarray(cut), begin, end: place, isStart: isFirst && from === 0, isEnd: false };
  }

  async #after(
    { File, Bytes }: LogFile,
    place: LogPlace,
    { bytes, isLast, signal }: Asked & { isLast: boolean },
  ): Promise<Stretch> {
    const read = await this.#readAt(File, place.offset, bytes, signal);
    const lastEnd = read.lastIndexOf(newline) + 1;
    // A line that is still being written is read once it has its end; a file that was rotated gets no more.
    const isWhole = read.length < bytes;
    const length = lastEnd > 0 || (isLast && isWhole) ? lastEnd : read.length;
    const end = { file: File, offset: place.offset + length };
    const isEnd = isLast && isWhole && end.offset >= Math.min(Bytes, place.offset + lastEnd);
    return { bytes: read.subarray(0, length), begin: place, end, isStart: false, isEnd };
  }

  /** The file was rotated away: what is left begins behind it. */
  #lost(files: readonly LogFile[], place: LogPlace, asked: Asked): Stretch | Promise<Stretch> {
    const [first] = files;
    if (asked.direction === "before" || !first) return emptyAt(place, { isStart: true, isEnd: !first });
    return this.#stretch(files, { file: first.File, offset: 0 }, asked);
  }

  /** Halves the file until a block is left, then looks line by line. */
  async #bisect(file: LogFile, at: string): Promise<number> {
    let low = 0;
    let high = file.Bytes;
    while (high - low > blockBytes) {
      const middle = Math.floor((low + high) / 2);
      const time = await this.#timeFrom(file, middle);
      if (time !== undefined && time < at) low = middle;
      else high = middle;
    }
    const bytes = await this.#readAt(file.File, low, 2 * blockBytes);
    const skipped = low === 0 ? 0 : bytes.indexOf(newline) + 1;
    const place = { file: file.File, offset: low + skipped };
    const { lines } = parseBlock(bytes.subarray(skipped), { place, source: this.#source });
    return lines.find((line) => line.at >= at)?.place.offset ?? file.Bytes;
  }

  /** When the first whole line behind an offset was written. */
  async #timeFrom({ File }: LogFile, offset: number): Promise<string | undefined> {
    const bytes = await this.#readAt(File, offset, blockBytes);
    const skipped = offset === 0 ? 0 : bytes.indexOf(newline) + 1;
    if (offset > 0 && skipped === 0) return undefined;
    return timeAt(bytes.subarray(skipped), "before");
  }

  async #lastLineEnd({ File, Bytes }: LogFile): Promise<LogPlace> {
    const from = Math.max(0, Bytes - blockBytes);
    const bytes = await this.#readAt(File, from, Bytes - from);
    const end = bytes.lastIndexOf(newline) + 1;
    return { file: File, offset: end > 0 ? from + end : Bytes };
  }

  #files(): Promise<LogFile[]> {
    return this.#client.containers.logFiles(this.#id);
  }

  async #readAt(file: string, offset: number, bytes: number, signal?: AbortSignal): Promise<Buffer> {
    try {
      return await this.#client.containers.readLogFile(this.#id, { file, offset, bytes }, signal ? { signal } : {});
    } catch (error) {
      if (isGantryError(error, "path-not-found")) return Buffer.alloc(0); // rotated away between two calls
      throw error;
    }
  }
}

function emptyAt(place: LogPlace, edges: { isStart: boolean; isEnd: boolean }): Stretch {
  return { bytes: Buffer.alloc(0), begin: place, end: place, ...edges };
}

/** The time of a stretch's first line when it is read backwards, of its last when it is read on. */
function timeAt(bytes: Buffer, direction: Direction): string | undefined {
  if (bytes.length === 0) return undefined;
  const from = direction === "before" ? 0 : bytes.lastIndexOf(newline, bytes.length - 2) + 1;
  const end = bytes.indexOf(newline, from);
  const line = bytes.subarray(from, end < 0 ? bytes.length : end);
  return parseBlock(line, { place: { file: "", offset: 0 }, source: 0 }).firstAt;
}
