/**
 * A log of an engine that gives no files: its newest lines in memory, and what is written after. Docker's and Podman's
 * API can start at a time or count from the end, but not go back from a place.
 */
import type { EngineClient } from "../../client/engine-client.js";
import type { Direction, LogBlock, LogLine, LogPlace } from "../model/logs/log-window.js";
import { type LineTest, longestTextChars } from "../model/logs/parse-block.js";
import type { LogReader, SearchOptions } from "./log-reader.js";

/** All that is held of it. */
const keptLines = 2000;
const file = "tail";

export class TailReader implements LogReader {
  readonly #client: EngineClient;
  readonly #id: string;
  readonly #source: number;
  readonly #signal: AbortSignal;
  #lines: LogLine[] = [];
  /** Older lines are not held. */
  #isCut = false;
  #filling: Promise<void> = Promise.resolve();

  constructor(client: EngineClient, id: string, options: { source: number; signal: AbortSignal }) {
    this.#client = client;
    this.#id = id;
    this.#source = options.source;
    this.#signal = options.signal;
  }

  async size(): Promise<number> {
    return 0;
  }

  async placeOf(at: string | undefined): Promise<LogPlace> {
    await this.#fill();
    const found = at === undefined ? undefined : this.#lines.find((line) => line.at >= at);
    return found?.place ?? { file, offset: this.#end() };
  }

  async read(place: LogPlace, direction: Direction, test: LineTest = () => true): Promise<LogBlock> {
    await this.#fill();
    const isBefore = direction === "before";
    const range = this.#lines.filter((line) =>
      isBefore ? line.place.offset < place.offset : line.place.offset >= place.offset,
    );
    const first = range[0]?.place ?? place;
    return {
      lines: range.filter(({ text }) => test(text)),
      begin: isBefore ? first : place,
      end: isBefore ? place : { file, offset: this.#end() },
      firstAt: range[0]?.at,
      lastAt: range.at(-1)?.at,
      isStart: isBefore,
      isEnd: !isBefore,
      ...(this.#isCut ? { newest: keptLines } : {}),
    };
  }

  async search({ place, direction, test }: SearchOptions): Promise<LogLine | undefined> {
    const matches = ({ text }: LogLine) => test(text);
    if (direction === "before") return this.#lines.filter((line) => line.place.offset < place.offset).findLast(matches);
    return this.#lines.filter((line) => line.place.offset >= place.offset).find(matches);
  }

  #end(): number {
    return (this.#lines.at(-1)?.place.offset ?? -1) + 1;
  }

  /** One at a time: two would both add what is new. */
  #fill(): Promise<void> {
    const next = this.#filling.catch(() => {}).then(() => this.#fetch());
    this.#filling = next;
    return next;
  }

  /** The first time the newest lines, then those after the last one. */
  async #fetch(): Promise<void> {
    const last = this.#lines.at(-1);
    const { Config } = await this.#client.containers.inspect(this.#id, { signal: this.#signal });
    // A time has fewer digits here than in the log: what is held already comes once more, and is left out.
    const from = last ? { since: Date.parse(last.at) / 1000 } : { tail: keptLines };
    const query = { ...from, timestamps: true, tty: Config.Tty === true };
    let text = { stdout: "", stderr: "" };
    for await (const frame of this.#client.containers.logs(this.#id, query, { signal: this.#signal })) {
      const stream = frame.stream === "stderr" ? "stderr" : "stdout";
      const lines = (text[stream] + Buffer.from(frame.payload).toString("utf8")).split("\n");
      text = { ...text, [stream]: lines.pop() ?? "" };
      for (const line of lines) this.#add(line, stream === "stderr", last?.at);
      if (this.#lines.length > 2 * keptLines) this.#cut();
    }
    this.#isCut ||= this.#lines.length >= keptLines;
    this.#cut();
  }

  #cut(): void {
    this.#lines = this.#lines.slice(-keptLines);
  }

  #add(line: string, isError: boolean, after: string | undefined): void {
    const gap = line.indexOf(" ");
    const at = line.slice(0, gap);
    if (gap < 0 || (after !== undefined && at <= after)) return;
    const text = line.slice(gap + 1, gap + 1 + longestTextChars).replace(/\r$/, "");
    this.#lines.push({ at, isError, text, place: { file, offset: this.#end() }, source: this.#source });
  }
}
