/**
 * The part of several containers' logs that is held: index maths over files of any size. Pure.
 *
 * Each source holds a block: whole lines between two places of its files, in their order. Blocks grow at either end by
 * what is read there and are cut at the other, so that memory stays the same however long the logs are. Lines of
 * several sources are merged by time; only those are shown from which on, and up to which, every source is known.
 */

/** Between two lines of one of a log's files. `file` is the engine's name for it, which a rotation does not change. */
export interface LogPlace {
  readonly file: string;
  readonly offset: number;
}

export interface LogLine {
  /** RFC 3339 in UTC with nine digits, so that texts compare as times do. */
  readonly at: string;
  readonly isError: boolean;
  readonly text: string;
  /** Where the line begins. */
  readonly place: LogPlace;
  /** Whose it is: an index of the sources. */
  readonly source: number;
}

/** What was read between `begin` and `end`: with a filter, only lines that match are in `lines`. */
export interface LogBlock {
  readonly lines: readonly LogLine[];
  readonly begin: LogPlace;
  readonly end: LogPlace;
  /** Times of the first and the last line that was read, matching or not; undefined when there was none. */
  readonly firstAt?: string | undefined;
  readonly lastAt?: string | undefined;
  /** Nothing stands before `begin`. */
  readonly isStart: boolean;
  /** Nothing stood behind `end` when it was read. */
  readonly isEnd: boolean;
  /** Where the engine gives no more than the end of a log: how many lines that is. Older ones are there. */
  readonly newest?: number | undefined;
}

export type Direction = "before" | "after";

/** `later` begins where `earlier` ends. */
export function joinBlocks(earlier: LogBlock, later: LogBlock): LogBlock {
  return {
    lines: earlier.lines.length === 0 ? later.lines : [...earlier.lines, ...later.lines],
    begin: earlier.begin,
    end: later.end,
    firstAt: earlier.firstAt ?? later.firstAt,
    lastAt: later.lastAt ?? earlier.lastAt,
    isStart: earlier.isStart,
    isEnd: later.isEnd,
    newest: earlier.newest ?? later.newest,
  };
}

/** The lines that can be shown, in order. Of one source that is the order of its files, whatever its clock did. */
export function mergeBlocks(blocks: readonly LogBlock[]): LogLine[] {
  const [only] = blocks;
  if (only && blocks.length === 1) return [...only.lines];
  const { low, high } = horizon(blocks);
  const cursors = blocks.map(({ lines }) => ({ lines, next: firstFrom(lines, low) }));
  const merged: LogLine[] = [];
  for (;;) {
    let first: (typeof cursors)[number] | undefined;
    for (const cursor of cursors) {
      const line = cursor.lines[cursor.next];
      if (line && (!first || line.at < (first.lines[first.next]?.at ?? ""))) first = cursor;
    }
    const line = first?.lines[first.next];
    if (!first || !line || line.at > high) return merged;
    merged.push(line);
    first.next += 1;
  }
}

/** The source to read next so that more lines can be shown in that direction; undefined when all are at their end. */
export function sourceToRead(blocks: readonly LogBlock[], direction: Direction): number | undefined {
  let found: number | undefined;
  let edge = "";
  for (const [at, block] of blocks.entries()) {
    if (direction === "before" ? block.isStart : block.isEnd) continue;
    const own = direction === "before" ? block.firstAt : block.lastAt;
    if (own === undefined) return at;
    if (found === undefined || (direction === "before" ? own > edge : own < edge)) [found, edge] = [at, own];
  }
  return found;
}

/** How much is held: lines, and characters, because a line may be long. */
export interface HoldLimits {
  readonly lines: number;
  readonly characters: number;
}

/** Cuts what is furthest from `anchor`, on the side opposite to where reading goes on, until the limits are kept. */
export function trimBlocks(
  blocks: readonly LogBlock[],
  { anchor, direction, limits }: { anchor: LogLine | undefined; direction: Direction; limits: HoldLimits },
): readonly LogBlock[] {
  const merged = mergeBlocks(blocks);
  const anchorAt = anchor ? merged.findIndex((line) => isSameLine(line, anchor)) : merged.length - 1;
  const isOver = (from: number, to: number) =>
    to - from > limits.lines || charactersOf(merged, from, to) > limits.characters;
  if (direction === "before") {
    let to = merged.length;
    while (to - 1 > anchorAt && isOver(0, to)) to -= Math.max(1, Math.min(to - 1 - anchorAt, Math.ceil(to / 8)));
    const last = merged[to - 1];
    return last && to < merged.length ? blocks.map((block) => cutAfter(block, last)) : blocks;
  }
  let from = 0;
  while (from < anchorAt && isOver(from, merged.length)) {
    from += Math.max(1, Math.min(anchorAt - from, Math.ceil((merged.length - from) / 8)));
  }
  const first = merged[from];
  return first && from > 0 ? blocks.map((block) => cutBefore(block, first)) : blocks;
}

/** Lines are objects of the moment; what they are is where they stand. */
export function isSameLine(one: LogLine, other: LogLine): boolean {
  return (
    one === other ||
    (one.source === other.source && one.place.offset === other.place.offset && one.place.file === other.place.file)
  );
}

function horizon(blocks: readonly LogBlock[]): { low: string; high: string } {
  let low = "";
  let high = "\uffff";
  for (const { isStart, isEnd, firstAt = "\uffff", lastAt = "" } of blocks) {
    if (!isStart && firstAt > low) low = firstAt;
    if (!isEnd && lastAt < high) high = lastAt;
  }
  return { low, high };
}

function firstFrom(lines: readonly LogLine[], at: string): number {
  const found = lines.findIndex((line) => line.at >= at);
  return found < 0 ? lines.length : found;
}

function charactersOf(lines: readonly LogLine[], from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 1) sum += lines[at]?.text.length ?? 0;
  return sum;
}

function cutAfter(block: LogBlock, last: LogLine): LogBlock {
  const to =
    block.lines.findIndex((line) => isSameLine(line, last)) + 1 || block.lines.findIndex((line) => line.at > last.at);
  const dropped = block.lines[to];
  if (to < 0 || !dropped) return block;
  return { ...block, lines: block.lines.slice(0, to), end: dropped.place, lastAt: last.at, isEnd: false };
}

function cutBefore(block: LogBlock, first: LogLine): LogBlock {
  const own = block.lines.findIndex((line) => isSameLine(line, first));
  const from = own >= 0 ? own : firstFrom(block.lines, first.at);
  if (from === 0) return block;
  const kept = block.lines[from];
  // All of it lies before: the place behind its last line is where reading begins again.
  const begin = kept?.place ?? block.end;
  return { ...block, lines: block.lines.slice(from), begin, firstAt: first.at, isStart: false };
}
