import { describe, expect, it } from "vitest";
import type { HealthState } from "../../../wire/container.js";
import { afterProbe, healthCheckOf, nextProbeDelayMs, startingHealth } from "./health-state.js";

const check = healthCheckOf({ Test: ["CMD", "true"], Retries: 2, StartPeriod: 10e9, Interval: 20e9 });
if (!check) throw new Error("the check is there");
const probe = (exitCode: number) => ({ startedAt: new Date(0), endedAt: new Date(5), exitCode, output: "x" });

describe("health check", () => {
  it("is absent without a test and with NONE", () => {
    expect(healthCheckOf(undefined)).toBeUndefined();
    expect(healthCheckOf({ Test: [] })).toBeUndefined();
    expect(healthCheckOf({ Test: ["NONE"] })).toBeUndefined();
  });

  it("runs CMD-SHELL by the shell and fills in Docker's defaults", () => {
    expect(healthCheckOf({ Test: ["CMD-SHELL", "curl -f localhost"] })).toEqual({
      kind: "command",
      command: ["/bin/sh", "-c", "curl -f localhost"],
      intervalMs: 30_000,
      timeoutMs: 30_000,
      startPeriodMs: 0,
      startIntervalMs: 5_000,
      retries: 3,
    });
  });

  it("is probed more often while the container may still be starting", () => {
    expect(nextProbeDelayMs(check, startingHealth, 0)).toBe(5_000);
    expect(nextProbeDelayMs(check, startingHealth, 10_000)).toBe(20_000);
    expect(nextProbeDelayMs(check, { ...startingHealth, Status: "healthy" }, 0)).toBe(20_000);
  });
});

describe("health state", () => {
  const late = { check, sinceStartMs: 60_000 };

  it("becomes healthy by one success, and the streak is forgotten", () => {
    const failed = afterProbe(startingHealth, probe(1), late);
    expect(afterProbe(failed, probe(0), late)).toMatchObject({ Status: "healthy", FailingStreak: 0 });
  });

  it("becomes unhealthy when as many probes in a row fail as the check allows", () => {
    const once = afterProbe(startingHealth, probe(1), late);
    expect(once).toMatchObject({ Status: "starting", FailingStreak: 1 });
    expect(afterProbe(once, probe(-1), late)).toMatchObject({ Status: "unhealthy", FailingStreak: 2 });
  });

  it("forgives failures inside the start period, but not after it was healthy once", () => {
    const early = { check, sinceStartMs: 5_000 };
    expect(afterProbe(startingHealth, probe(1), early)).toMatchObject({ Status: "starting", FailingStreak: 0 });
    const healthy = afterProbe(startingHealth, probe(0), early);
    expect(afterProbe(healthy, probe(1), early)).toMatchObject({ Status: "healthy", FailingStreak: 1 });
  });

  it("keeps the last five results", () => {
    let health: HealthState = startingHealth;
    for (let at = 0; at < 7; at += 1) health = afterProbe(health, probe(at), late);
    expect(health.Log.map(({ ExitCode }) => ExitCode)).toEqual([2, 3, 4, 5, 6]);
  });
});
