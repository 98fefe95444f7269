/**
 * The engine's event journal: what happened lately, and whoever wants to hear what happens next.
 *
 * In memory; its newest part outlives an engine that ends cleanly. History and each follower's queue are bounded: a
 * follower that is too slow is ended with an error rather than held against the others.
 */
import type { Clock } from "../../base/clock.js";
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { matchesLabels } from "../../wire/filters.js";
import type { EngineEvent } from "../../wire/system.js";
import type { Events } from "./containers.js";

/** Docker keeps 256; a stack of fifty containers makes some 300 events on its way up. */
const historyLimit = { count: 1024, bytes: 4 * 1024 ** 2 };
/** How far a follower may lag behind. Followers share the events that they wait for. */
const queueLimit = { count: 8192, bytes: 16 * 1024 ** 2 };
/** What the next engine gets: as much as Docker keeps at all, read in a millisecond. */
const handedOverCount = 256;
/** A clock that goes back by less is taken for one that only runs unevenly. */
const clockStepNano = 1_000_000_000n;

type Query = Parameters<Events["follow"]>[0];

export class EventJournal implements Events {
  readonly #clock: Clock;
  readonly #history = new BoundedQueue(historyLimit);
  readonly #followers = new Set<Follower>();
  #lastNano = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  publish({ Type, Action, Actor }: Pick<EngineEvent, "Type" | "Action" | "Actor">): void {
    const timeNano = this.#nextNano();
    const event: EngineEvent = {
      Type,
      Action,
      Actor,
      scope: "local",
      time: Number(timeNano / 1_000_000_000n),
      timeNano: Number(timeNano),
    };
    this.#history.push(event);
    while (this.#history.isOver) this.#history.shift();
    for (const follower of this.#followers) follower.push(event);
  }

  get listeners(): number {
    return this.#followers.size;
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
    return this.#history.events.filter(
      ({ timeNano }) =>
        (since === undefined || timeNano >= since * 1e9) && (until === undefined || timeNano <= until * 1e9),
    );
  }

  /**
   * Wall-clock nanoseconds that grow with each event, so that a client's `since` splits the history in one place; but
   * when somebody has set the clock back, they are the clock's.
   */
  #nextNano(): bigint {
    const now = BigInt(this.#clock.now().getTime()) * 1_000_000n;
    const isAhead = now <= this.#lastNano && this.#lastNano - now < clockStepNano;
    this.#lastNano = isAhead ? this.#lastNano + 1000n : now;
    return this.#lastNano;
  }

  /** The newest events as text, a line each, for `resume`. */
  print(): string {
    return this.#history.events
      .slice(-handedOverCount)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join("");
  }

  /** Takes up what another engine printed, before anything is published. Lines that are no events are left out. */
  resume(text: string): void {
    for (const event of text
      .split("\n")
      .slice(-handedOverCount - 1)
      .flatMap(parseEvent))
      this.#history.push(event);
    while (this.#history.isOver) this.#history.shift();
    this.#lastNano = BigInt(Math.trunc(this.#history.events.at(-1)?.timeNano ?? 0));
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

function parseEvent(line: string): EngineEvent[] {
  try {
    const value: unknown = JSON.parse(line);
    if (!isRecord(value) || !isRecord(value.Actor) || !isRecord(value.Actor.Attributes)) return [];
    const { Type, Action, time, timeNano } = value;
    const isWhole = [Type, Action, value.Actor.ID].every((part) => typeof part === "string");
    // By its shape; the types and actions are those that an earlier engine knew.
    return isWhole && [time, timeNano].every(Number.isFinite) ? [value as unknown as EngineEvent] : [];
  } catch {
    return [];
  }
}

/** Events in order, with what they take: the strings, and a constant for the rest. */
class BoundedQueue {
  #events: EngineEvent[] = [];
  #bytes = 0;
  readonly #limit: { count: number; bytes: number };

  constructor(limit: { count: number; bytes: number }) {
    this.#limit = limit;
  }

  get events(): readonly EngineEvent[] {
    return this.#events;
  }

  /** True when it holds more than it may; the newest event is always held. */
  get isOver(): boolean {
    const { count, bytes } = this.#limit;
    return this.#events.length > 1 && (this.#events.length > count || this.#bytes > bytes);
  }

  push(event: EngineEvent): void {
    this.#events.push(event);
    this.#bytes += sizeOf(event);
  }

  shift(): void {
    const event = this.#events.shift();
    if (event) this.#bytes -= sizeOf(event);
  }

  takeAll(): EngineEvent[] {
    const taken = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return taken;
  }
}

const eventOverheadBytes = 200;

function sizeOf({ Action, Actor }: EngineEvent): number {
  let characters = Action.length + Actor.ID.length;
  for (const [name, value] of Object.entries(Actor.Attributes)) characters += name.length + value.length;
  return eventOverheadBytes + 2 * characters;
}

/** One listener's queue. Ends after `end`, when what it holds has been read. */
class Follower {
  readonly #queue = new BoundedQueue(queueLimit);
  readonly #wanted: (event: EngineEvent) => boolean;
  #wake: () => void = () => {};
  #ended = false;
  #overflowed = false;

  constructor(past: EngineEvent[], wanted: (event: EngineEvent) => boolean) {
    for (const event of past) this.#queue.push(event);
    this.#wanted = wanted;
  }

  push(event: EngineEvent): void {
    if (this.#ended || !this.#wanted(event)) return;
    this.#queue.push(event);
    if (this.#queue.isOver) {
      this.#overflowed = true;
      this.#queue.takeAll();
      this.end();
    }
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *events(leave: () => void): AsyncGenerator<EngineEvent> {
    try {
      for (;;) {
        yield* this.#queue.takeAll();
        if (this.#queue.events.length > 0) continue;
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
