/**
 * The engine's event journal: what happened lately, and whoever wants to hear what happens next.
 *
 * In memory. History and each follower's queue are bounded: a follower that is too slow is ended with an error rather
 * than held against the others.
 */
import type { Clock } from "../../base/clock.js";
import { GantryError } from "../../base/errors.js";
import { matchesLabels } from "../../wire/filters.js";
import type { EngineEvent } from "../../wire/system.js";
import type { Events } from "./containers.js";

/** Docker keeps 256; a stack of fifty containers makes some 300 events on its way up. */
const historyLength = 1024;
/** Events that a follower may lag behind: some megabytes at most. */
const queueLength = 8192;

type Query = Parameters<Events["follow"]>[0];

export class EventJournal implements Events {
  readonly #clock: Clock;
  readonly #history: EngineEvent[] = [];
  readonly #followers = new Set<Follower>();
  #lastNano = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  publish({ Type, Action, Actor }: Pick<EngineEvent, "Type" | "Action" | "Actor">): void {
    const timeNano = this.#nextNano();
    const event: EngineEvent = {
      ...(Type === "container" || Type === "image" ? { status: Action, id: Actor.ID } : {}),
      ...(Type === "container" ? { from: Actor.Attributes.image ?? "" } : {}),
      Type,
      Action,
      Actor,
      scope: "local",
      time: Number(timeNano / 1_000_000_000n),
      timeNano: Number(timeNano),
    };
    this.#history.push(event);
    if (this.#history.length > historyLength) this.#history.shift();
    for (const follower of this.#followers) follower.push(event);
  }

  /** Listens from the call on, not from the first read, so that nothing between the two is missed. */
  follow(query: Query, signal: AbortSignal): AsyncIterable<EngineEvent> {
    const wanted = (event: EngineEvent) => matchesEvent(event, query.filters);
    const past = query.since === undefined && query.until === undefined ? [] : this.#past(query).filter(wanted);
    const untilMs = query.until === undefined ? undefined : query.until * 1000 - this.#clock.now().getTime();
    if (untilMs !== undefined && untilMs <= 0) return replay(past);
    const follower = new Follower(past, wanted);
    this.#followers.add(follower);
    const end = () => follower.end();
    const timer = untilMs === undefined ? undefined : setTimeout(end, Math.min(untilMs, 2 ** 31 - 1));
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const leave = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      this.#followers.delete(follower);
    };
    return follower.events(leave);
  }

  #past({ since, until }: Query): EngineEvent[] {
    return this.#history.filter(
      ({ timeNano }) =>
        (since === undefined || timeNano >= since * 1e9) && (until === undefined || timeNano <= until * 1e9),
    );
  }

  /** Wall-clock nanoseconds that grow with each event, so that a client's `since` splits the history in one place. */
  #nextNano(): bigint {
    const now = BigInt(this.#clock.now().getTime()) * 1_000_000n;
    this.#lastNano = now > this.#lastNano ? now : this.#lastNano + 1000n;
    return this.#lastNano;
  }
}

/** Keys are united by AND, values of one key by OR, labels all have to hold. */
export function matchesEvent(event: EngineEvent, filters: Query["filters"]): boolean {
  const { ID, Attributes } = event.Actor;
  return Object.entries(filters).every(([key, values]) => {
    switch (key) {
      case "type":
        return values.includes(event.Type);
      case "event":
        return values.some((value) => matchesAction(event.Action, value));
      case "label":
        return matchesLabels(Attributes, values);
      case "image":
        return values.some((value) => [ID, Attributes.image, Attributes.name].includes(value));
      case "container":
      case "volume":
      case "network":
      case "daemon":
        return event.Type === key && values.some((value) => ID.startsWith(value) || Attributes.name?.startsWith(value));
      case "scope":
        return values.includes(event.scope);
      default:
        return false;
    }
  });
}

function matchesAction(action: string, value: string): boolean {
  const families = ["health_status", "exec_create", "exec_start"];
  return action === value || (families.includes(value) && action.startsWith(`${value}:`));
}

/** One listener's queue. Ends after `end`, when what it holds has been read. */
class Follower {
  readonly #queue: EngineEvent[];
  readonly #wanted: (event: EngineEvent) => boolean;
  #wake: () => void = () => {};
  #ended = false;
  #overflowed = false;

  constructor(past: EngineEvent[], wanted: (event: EngineEvent) => boolean) {
    this.#queue = past;
    this.#wanted = wanted;
  }

  push(event: EngineEvent): void {
    if (this.#ended || !this.#wanted(event)) return;
    if (this.#queue.length >= queueLength) {
      this.#overflowed = true;
      this.end();
      return;
    }
    this.#queue.push(event);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *events(leave: () => void): AsyncGenerator<EngineEvent> {
    try {
      for (;;) {
        yield* this.#queue.splice(0);
        if (this.#queue.length > 0) continue;
        if (this.#overflowed) throw new GantryError("internal", "The reader of events is too slow to keep up");
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      leave();
    }
  }
}

async function* replay(events: readonly EngineEvent[]): AsyncGenerator<EngineEvent> {
  yield* events;
}
