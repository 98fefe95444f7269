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

  it("gives the legacy fields that older clients read", async () => {
    const journal = new EventJournal(systemClock);
    journal.publish(start);
    const following = journal.follow({ since: 0, filters: {} }, new AbortController().signal);
    for await (const event of following) {
      expect(event).toMatchObject({ status: "start", id: "abc", from: "nginx", scope: "local" });
      break;
    }
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
