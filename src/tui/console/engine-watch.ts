/**
 * What the engine has, as messages: a list at each event, readings of what runs, and whether it answers at all.
 *
 * Nothing is asked for at intervals: an event leads to a list, and use comes as a stream. Only an engine that is gone
 * is looked for again and again.
 */
import { type Clock, sleep } from "../../base/clock.js";
import { isGantryError, messageOf } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import type { ContainerSummary } from "../../wire/container.js";
import { composeLabels } from "../../wire/labels.js";
import { happeningOf } from "../model/happening.js";
import { readingOf } from "../model/readings.js";
import type { Message } from "../model/state/update.js";

/** Events of one change come together: one list answers them all. */
const settleMs = 20;
const lookAgainMs = 1000;
/** Until what was answered is on the screen. */
const drawnMs = 2;
/** Streams of readings at a time; more would be seen by nobody. */
const mostReadings = 64;

export interface WatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  connect(): Promise<EngineClient>;
  dispatch(message: Message): void;
}

export class EngineWatch {
  readonly #options: WatchOptions;
  readonly #measured = new Map<string, AbortController>();
  #client: EngineClient | undefined;
  #containers: readonly ContainerSummary[] = [];
  #project: string | undefined;
  #isListing = false;
  #mustList = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  #answer: () => void = () => {};
  /** Resolves with the first answer, or when there will be none for now. */
  readonly answered = new Promise<void>((resolve) => {
    this.#answer = resolve;
  });

  start(): void {
    void this.#run();
  }

  /** Whose containers are measured. */
  show(project: string | undefined): void {
    this.#project = project;
    this.#measure();
  }

  async #run(): Promise<void> {
    const { signal, dispatch } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#follow();
      } catch (error) {
        if (signal.aborted) return;
        this.#answer();
        const hint = isGantryError(error) ? error.hint : undefined;
        dispatch({ kind: "linked", engine: { kind: "gone", reason: messageOf(error), ...(hint ? { hint } : {}) } });
      }
      await sleep(lookAgainMs, signal).catch(() => {});
    }
  }

  /** Until the engine ends. */
  async #follow(): Promise<void> {
    const { signal, dispatch, connect } = this.#options;
    const client = await connect();
    this.#client = client;
    const { kind, version } = client.engine;
    const label = `${kind}${version ? ` ${version}` : ""}`;
    const subscribed = () => {
      dispatch({ kind: "linked", engine: { kind: "up", label } });
      this.#list();
    };
    this.#list(); // at once; again once events are heard, because of what happens in between
    const query = { filters: { type: ["container"] }, onSubscribed: subscribed };
    for await (const event of client.system.events(query, { signal })) {
      const happening = happeningOf(event);
      if (happening && event.Actor.Attributes[composeLabels.project] === this.#project) {
        dispatch({ kind: "happened", happening });
      }
      this.#list();
    }
    dispatch({ kind: "linked", engine: { kind: "gone", reason: "The engine has ended; it is looked for" } });
  }

  /** One list at a time; what happens meanwhile asks for another. */
  #list(): void {
    this.#mustList = true;
    if (this.#isListing) return;
    this.#isListing = true;
    void this.#listOn().finally(() => {
      this.#isListing = false;
    });
  }

  async #listOn(): Promise<void> {
    const { signal, dispatch } = this.#options;
    let hasFailed = false;
    while (this.#mustList && !signal.aborted) {
      this.#mustList = false;
      try {
        const filters = { label: [composeLabels.project] };
        this.#containers = (await this.#client?.containers.list({ all: true, filters }, { signal })) ?? [];
        hasFailed = false;
      } catch {
        // Of an engine that is gone the stream of events ends too, and tells why.
        if (hasFailed) return;
        hasFailed = true;
        this.#mustList = true;
        await sleep(lookAgainMs, signal).catch(() => {});
        continue;
      }
      dispatch({ kind: "observed", containers: this.#containers });
      setTimeout(this.#answer, drawnMs);
      this.#measure();
      await sleep(settleMs, signal).catch(() => {});
    }
  }

  #measure(): void {
    const running = this.#containers
      .filter(({ State, Labels }) => State === "running" && Labels[composeLabels.project] === this.#project)
      .slice(0, mostReadings)
      .map(({ Id }) => Id);
    for (const [id, one] of this.#measured) if (!running.includes(id)) one.abort();
    for (const id of running) if (!this.#measured.has(id)) void this.#readings(id);
  }

  async #readings(id: string): Promise<void> {
    const { signal, dispatch } = this.#options;
    const own = new AbortController();
    this.#measured.set(id, own);
    try {
      const readings = this.#client?.upkeep.stats(
        id,
        { stream: true },
        { signal: AbortSignal.any([signal, own.signal]) },
      );
      for await (const stats of readings ?? []) {
        const reading = readingOf(stats);
        if (reading) dispatch({ kind: "measured", containerId: id, reading });
      }
    } catch {
      // The container or the engine has gone, or nobody looks any more.
    } finally {
      this.#measured.delete(id);
    }
    // One that was restarted may have been listed as running before its stream had ended.
    await sleep(lookAgainMs, own.signal).catch(() => {});
    if (!signal.aborted && !own.signal.aborted) this.#measure();
  }
}
