import { describe, expect, it } from "vitest";
import { decideRestart, type ExitFacts, startsAtBoot } from "./restart-policy.js";

const exit = (facts: Partial<ExitFacts>): ExitFacts => ({
  policy: { Name: "always" },
  exitCode: 1,
  stoppedByUser: false,
  isHealing: false,
  restartCount: 0,
  ranMs: 50,
  lastDelayMs: 0,
  ...facts,
});

describe("restart policy", () => {
  it("runs an always container again after any exit code", () => {
    expect(decideRestart(exit({ exitCode: 0 }))).toEqual({ kind: "restart", delayMs: 100 });
  });

  it("leaves a container alone that a user stopped", () => {
    expect(decideRestart(exit({ stoppedByUser: true }))).toEqual({ kind: "stay" });
  });

  it("leaves a container without policy alone", () => {
    expect(decideRestart(exit({ policy: undefined }))).toEqual({ kind: "stay" });
    expect(decideRestart(exit({ policy: { Name: "no" } }))).toEqual({ kind: "stay" });
  });

  it("runs an on-failure container again only after a failure, and only so many times", () => {
    const policy = { Name: "on-failure", MaximumRetryCount: 2 } as const;
    expect(decideRestart(exit({ policy, exitCode: 0 })).kind).toBe("stay");
    expect(decideRestart(exit({ policy, restartCount: 1 })).kind).toBe("restart");
    expect(decideRestart(exit({ policy, restartCount: 2 })).kind).toBe("stay");
  });

  it("doubles the delay up to a minute and begins anew after a run of ten seconds", () => {
    const delay = (lastDelayMs: number, ranMs = 50) => decideRestart(exit({ lastDelayMs, ranMs }));
    expect(delay(100)).toEqual({ kind: "restart", delayMs: 200 });
    expect(delay(51_200)).toEqual({ kind: "restart", delayMs: 60_000 });
    expect(delay(51_200, 10_000)).toEqual({ kind: "restart", delayMs: 100 });
  });

  it("starts always containers at boot even when stopped, unless-stopped ones only when not", () => {
    expect(startsAtBoot({ Name: "always" }, true)).toBe(true);
    expect(startsAtBoot({ Name: "unless-stopped" }, true)).toBe(false);
    expect(startsAtBoot({ Name: "unless-stopped" }, false)).toBe(true);
    expect(startsAtBoot({ Name: "no" }, false)).toBe(false);
  });
});
