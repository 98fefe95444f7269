import { describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.js";
import type { EngineEvent } from "../../wire/system.js";
import { EventJournal, matchesEvent } from "./event-journal.js";

const Attributes = { name: "web", image: "nginx", "com.docker.compose.project": "shop" };
const start = { Type: "container", Action: "start", Actor: { ID: "abc", Attributes } } as const;
const past = { since: 0, until: 0, filters: {} };

async function collect(events: AsyncIterable<EngineEvent>, count: number): Promise<string[]> {
  const actions: string[] = [];
  for await (const { Action } of events) if (actions.push(Action) === count) break;
  return actions;
}

/** Ends where the past ends: its signal is aborted. */
async function collectPast(journal: EventJournal, query: Parameters<EventJournal["follow"]>[0]): Promise<string[]> {
  return collect(journal.follow(query, AbortSignal.abort()), Number.POSITIVE_INFINITY);
}

describe("the event journal", () => {
  it("tells what happens from the call on, even before the first read", async () => {
    const journal = new EventJournal(systemClock);
    journal.publish({ ...start, Action: "create" });
    const following = journal.follow({ filters: {} }, new AbortController().signal);
    journal.publish(start);
    expect(await collect(following, 1)).toEqual(["start"]);
  });

  it("tells the past first when a since is given, and ends at the signal", async () => {
    const journal = new EventJournal(systemClock);
    for (let at = 0; at < 3; at += 1) journal.publish({ ...start, Action: `${at}` });
    const end = new AbortController();
    const following = journal.follow({ since: 1, filters: {} }, end.signal);
    end.abort();
    expect(await collect(following, 100)).toEqual(["0", "1", "2"]);
  });

  it("ends at once when until lies in the past", async () => {
    const journal = new EventJournal(systemClock);
    journal.publish(start);
    expect(await collect(journal.follow(past, new AbortController().signal), 100)).toEqual([]);
  });

  it("forgets the oldest: by number, and by what they take", async () => {
    const journal = new EventJournal(systemClock);
    for (let at = 0; at < 2000; at += 1) journal.publish({ ...start, Action: `${at}` });
    const all = { since: 1, until: 1e10, filters: {} };
    const actions = await collectPast(journal, all);
    expect([actions.length, actions[0], actions.at(-1)]).toEqual([1024, "976", "1999"]);
    const large = { ID: "abc", Attributes: { name: "x".repeat(1024 * 1024) } };
    for (let at = 0; at < 10; at += 1) journal.publish({ ...start, Action: `large ${at}`, Actor: large });
    expect(await collectPast(journal, all)).toEqual(["large 9"]);
  });

  it("ends a follower that reads too slowly, and holds nothing for it any more", async () => {
    const journal = new EventJournal(systemClock);
    const slow = journal.follow({ filters: {} }, new AbortController().signal);
    for (let at = 0; at < 9000; at += 1) journal.publish(start);
    await expect(collect(slow, 1)).rejects.toThrow("too slow");
  });

  it("is resumed by the next engine, damaged lines left out", async () => {
    const journal = new EventJournal(systemClock);
    for (let at = 0; at < 300; at += 1) journal.publish({ ...start, Action: `${at}` });
    const next = new EventJournal(systemClock);
    next.resume(`{"Type":1}\nnonsense\n${journal.print()}`);
    next.publish({ ...start, Action: "new" });
    const actions = await collectPast(next, { since: 1, until: 1e10, filters: {} });
    expect([actions.length, actions[0], actions.at(-1)]).toEqual([257, "44", "new"]);
  });

  it("follows a clock that is set back, and orders what happens at one moment", async () => {
    let nowMs = 2_000_000;
    const journal = new EventJournal({ now: () => new Date(nowMs), monotonicMs: () => 0 });
    journal.publish(start);
    journal.publish(start);
    nowMs = 1_000_000;
    journal.publish(start);
    expect(journal.print().match(/"timeNano":\d+/g)).toEqual([
      '"timeNano":2000000000000',
      '"timeNano":2000000001000',
      '"timeNano":1000000000000',
    ]);
  });
});

describe("event filters", () => {
  const event = { ...start, scope: "local", time: 0, timeNano: 0 } as const;
  const matches = (filters: Record<string, string[]>, Action = "start") => matchesEvent({ ...event, Action }, filters);

  it("take one of several values of a key, all keys, and all labels", () => {
    expect(matches({ event: ["die", "start"], type: ["container"] })).toBe(true);
    expect(matches({ event: ["start"], type: ["network"] })).toBe(false);
    expect(matches({ label: ["com.docker.compose.project=shop", "name"] })).toBe(true);
    expect(matches({ label: ["com.docker.compose.project=shop", "absent"] })).toBe(false);
  });

  it("know a container by the beginning of its name or id", () => {
    expect(matches({ container: ["we"] })).toBe(true);
    expect(matches({ container: ["ab"] })).toBe(true);
    expect(matches({ network: ["web"] })).toBe(false);
  });

  it("take a family of actions by its name", () => {
    expect(matches({ event: ["health_status"] }, "health_status: healthy")).toBe(true);
    expect(matches({ event: ["exec_create"] }, "exec_create: ls")).toBe(true);
    expect(matches({ event: ["die"] }, "died")).toBe(false);
  });
});
