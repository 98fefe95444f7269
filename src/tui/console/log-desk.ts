/** Carries out what the logs screen asks for: opens, reads, searches and follows; answers by messages. */
import { sleep } from "../../base/clock.js";
import { isGantryError, messageOf } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import { joinBlocks, type LogBlock, type LogLine } from "../model/logs/log-window.js";
import type { LineTest } from "../model/logs/parse-block.js";
import { plainText } from "../model/logs/written-text.js";
import type { LogEffect, LogSource } from "../model/state/logs-state.js";
import { compilePattern } from "../model/state/pattern.js";
import type { Message } from "../model/state/update.js";
import { fileReader, type LogReader } from "./log-reader.js";
import { TailReader } from "./tail-reader.js";

/** What is written is read in steps, so that a busy log does not take the screen. */
const growMs = 100;
/** How far it is, is told as often. */
const tellMs = 100;
/** An engine that is gone is looked for. */
const lookAgainMs = 1000;

export interface DeskOptions {
  readonly signal: AbortSignal;
  connect(): Promise<EngineClient>;
  dispatch(message: Message): void;
}

export class LogDesk {
  readonly #options: DeskOptions;
  #readers: readonly LogReader[] = [];
  #sources: readonly LogSource[] = [];
  /** Of the logs that are open. */
  #open = new AbortController();
  #searching = new AbortController();
  #growing: NodeJS.Timeout | undefined;
  readonly #grown = new Set<number>();
  #session = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  carryOut(effect: LogEffect): void {
    switch (effect.kind) {
      case "open-logs":
        this.#answer(effect.session, () => this.#openLogs(effect));
        break;
      case "read-log":
        this.#answer(effect.session, () => this.#read(effect));
        break;
      case "search-logs":
        this.#search(effect);
        break;
      case "cancel-search":
        this.#searching.abort();
        break;
      case "close-logs":
        this.#session = 0;
        this.#close();
        break;
    }
  }

  #close(): void {
    this.#open.abort();
    this.#searching.abort();
    clearTimeout(this.#growing);
    this.#growing = undefined;
    this.#grown.clear();
    this.#readers = [];
    this.#sources = [];
  }

  #answer(session: number, ask: () => Promise<Message | undefined>): void {
    const { dispatch, signal } = this.#options;
    ask().then(
      (message) => message && dispatch(message),
      (error: unknown) => {
        if (!signal.aborted) dispatch({ kind: "log-failed", session, reason: messageOf(error) });
      },
    );
  }

  /** A search has an end of its own: another one, or nobody who waits for it any more. */
  #search(effect: Extract<LogEffect, { kind: "search-logs" }>): void {
    const { dispatch } = this.#options;
    const { session, search } = effect;
    this.#searching.abort();
    this.#searching = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, this.#searching.signal]);
    this.#find(effect, signal).then(
      (hit) => signal.aborted || dispatch({ kind: "log-searched", session, search, hit }),
      (error: unknown) => signal.aborted || dispatch({ kind: "log-failed", session, search, reason: messageOf(error) }),
    );
  }

  async #openLogs({
    session,
    sources,
    filter,
    around,
  }: Extract<LogEffect, { kind: "open-logs" }>): Promise<Message | undefined> {
    this.#session = session;
    this.#searching.abort();
    const client = await this.#options.connect();
    // Another opening, or nobody looks any more.
    if (session !== this.#session) return undefined;
    if (sources !== this.#sources) this.#take(client, sources);
    const test = testOf(filter);
    const blocks = await Promise.all(
      this.#readers.map(async (reader, source): Promise<LogBlock> => {
        const isOwn = around?.source === source && around.place.file !== "";
        const place = isOwn ? around.place : await reader.placeOf(around?.at);
        const before = around?.at === "" ? undefined : await reader.read(place, "before", test);
        if (!around) return before ? { ...before, isEnd: true } : reader.read(place, "after", test);
        const after = await reader.read(place, "after", test);
        return before ? joinBlocks(before, after) : { ...after, isStart: true };
      }),
    );
    return { kind: "logs-opened", session, blocks };
  }

  #take(client: EngineClient, sources: readonly LogSource[]): void {
    this.#close();
    this.#open = new AbortController();
    this.#sources = sources;
    const signal = AbortSignal.any([this.#options.signal, this.#open.signal]);
    const isOurs = client.engine.kind === "gantry";
    this.#readers = sources.map(({ containerId }, source) =>
      isOurs ? fileReader(client, containerId, source) : new TailReader(client, containerId, { source, signal }),
    );
    for (const [source, { containerId }] of sources.entries())
      void this.#follow(client, { containerId, source }, signal);
  }

  async #read({
    session,
    source,
    direction,
    place,
    filter,
  }: Extract<LogEffect, { kind: "read-log" }>): Promise<Message | undefined> {
    const block = await this.#readers[source]?.read(place, direction, testOf(filter));
    return block && { kind: "log-read", session, source, direction, block };
  }

  /** Each source's nearest match; of several the one that is nearest in time. */
  async #find(
    { session, search, from }: Extract<LogEffect, { kind: "search-logs" }>,
    signal: AbortSignal,
  ): Promise<LogLine | undefined> {
    const { places, direction, pattern, filter } = from;
    const [matches, passes] = [testOf(pattern), testOf(filter)];
    const test = (text: string) => (matches?.(text) ?? false) && (passes?.(text) ?? true);
    const sizes = await Promise.all(this.#readers.map((reader) => reader.size()));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const isBefore = direction === "before";
    let scanned = 0;
    let toldAtMs = 0;
    let best: LogLine | undefined;
    const tell = (bytes: number, lastAt: string | undefined): boolean => {
      scanned += bytes;
      const now = performance.now();
      if (now - toldAtMs > tellMs && !signal.aborted) {
        toldAtMs = now;
        this.#options.dispatch({ kind: "log-scanned", session, search, bytes: scanned, total });
      }
      // What another source has found is nearer than all that is left of this one.
      return !best || lastAt === undefined || (isBefore ? lastAt >= best.at : lastAt <= best.at);
    };
    for (const [at, reader] of this.#readers.entries()) {
      const place = places[at];
      if (!place) continue;
      const hit = await reader.search({ place, direction, test, signal, onScanned: tell });
      if (hit && (!best || (isBefore ? hit.at > best.at : hit.at < best.at))) best = hit;
    }
    return best;
  }

  /** For as long as the log is open, also over an engine that ends and comes back; until its container is removed. */
  async #follow(client: EngineClient, container: { containerId: string; source: number }, signal: AbortSignal) {
    while (!signal.aborted) {
      const round = new AbortController();
      try {
        await this.#hear(client, container, AbortSignal.any([signal, round.signal]));
      } catch (error) {
        if (isGantryError(error, "container-not-found")) return;
      } finally {
        round.abort();
      }
      await sleep(lookAgainMs, signal).catch(() => {});
    }
  }

  /** Rings whenever something is written; what it is, is read from the log itself. Again after each restart. */
  async #hear(
    client: EngineClient,
    { containerId: id, source }: { containerId: string; source: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { Config } = await client.containers.inspect(id, { signal });
    const query = { follow: true, tail: 0, tty: Config.Tty === true };
    const events = { filters: { container: [id], event: ["start", "die"] } };
    const ring = async () => {
      for await (const _frame of client.containers.logs(id, query, { signal })) this.#grew(source);
      this.#grew(source);
    };
    void ring().catch(() => {});
    // What was written while nobody heard.
    this.#grew(source);
    for await (const event of client.system.events(events, { signal })) {
      this.#grew(source);
      if (event.Action === "start") void ring().catch(() => {});
    }
  }

  #grew(source: number): void {
    this.#grown.add(source);
    this.#growing ??= setTimeout(() => {
      this.#growing = undefined;
      const sources = [...this.#grown];
      this.#grown.clear();
      if (!this.#open.signal.aborted) this.#options.dispatch({ kind: "log-grew", session: this.#session, sources });
    }, growMs);
  }
}

function testOf(pattern: string | undefined): LineTest | undefined {
  if (pattern === undefined) return undefined;
  const compiled = compilePattern(pattern);
  return compiled.ok ? (text) => compiled.test(plainText(text)) : undefined;
}
