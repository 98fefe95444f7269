import { describe, expect, it } from "vitest";
import { neverStarted } from "../record/container-record.js";
import { humanDuration, statusText } from "./status-text.js";

const second = 1000;
const [minute, hour, day] = [60 * second, 3600 * second, 86_400 * second];

describe("human durations", () => {
  it("read as Docker's", () => {
    const cases: Array<[number, string]> = [
      [0, "Less than a second"],
      [second, "1 second"],
      [59 * second, "59 seconds"],
      [minute, "About a minute"],
      [5 * minute, "5 minutes"],
      [hour, "About an hour"],
      [47 * hour, "47 hours"],
      [48 * hour, "2 days"],
      [13 * day, "13 days"],
      [14 * day, "2 weeks"],
      [60 * day, "2 months"],
      [730 * day, "2 years"],
    ];
    expect(cases.map(([ms]) => humanDuration(ms))).toEqual(cases.map(([, text]) => text));
  });
});

describe("status texts", () => {
  const now = new Date("2026-01-01T00:05:00Z");
  const startedAt = "2026-01-01T00:00:00Z";

  it("tell for how long it is up, and its health", () => {
    const up = { ...neverStarted, status: "running", startedAt } as const;
    const health = (Status: "healthy" | "starting") => ({ Status, FailingStreak: 0, Log: [] });
    expect(statusText(up, now)).toBe("Up 5 minutes");
    expect(statusText({ ...up, health: health("healthy") }, now)).toBe("Up 5 minutes (healthy)");
    expect(statusText({ ...up, health: health("starting") }, now)).toBe("Up 5 minutes (health: starting)");
    expect(statusText({ ...up, status: "paused" }, now)).toBe("Up 5 minutes (Paused)");
  });

  it("tell how and when it ended", () => {
    const ended = { ...neverStarted, finishedAt: "2026-01-01T00:04:57Z", exitCode: 137 };
    expect(statusText({ ...ended, status: "exited" }, now)).toBe("Exited (137) 3 seconds ago");
    expect(statusText({ ...ended, status: "restarting" }, now)).toBe("Restarting (137) 3 seconds ago");
    expect(statusText(neverStarted, now)).toBe("Created");
  });
});
