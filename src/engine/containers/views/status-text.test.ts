import { describe, expect, it } from "vitest";
import { neverStarted } from "../record/container-record.js";
import { statusText } from "./status-text.js";

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
