/**
 * When a container runs again by itself, as Docker's restart policies say.
 *
 * Pure. The lifecycle keeps the timers. Back-off: 100 ms, doubling to one minute, forgotten after a run of ten seconds.
 */
import type { RestartPolicy } from "../../../wire/container.js";

const firstDelayMs = 100;
const longestDelayMs = 60_000;
/** A run this long counts as a success: the next failure starts with the shortest delay. */
const goodRunMs = 10_000;

export type RestartDecision = { readonly kind: "stay" } | { readonly kind: "restart"; readonly delayMs: number };

/**
 * One exit. `restartCount` counts policy restarts since the last start by hand; `lastDelayMs` is 0 before the first.
 */
export interface ExitFacts {
  readonly policy: RestartPolicy | undefined;
  readonly exitCode: number;
  readonly stoppedByUser: boolean;
  /** The engine itself ended the run, so that another one follows. */
  readonly isHealing: boolean;
  readonly restartCount: number;
  readonly ranMs: number;
  readonly lastDelayMs: number;
}

/** What to do after an exit. */
export function decideRestart(exit: ExitFacts): RestartDecision {
  if (exit.isHealing && !exit.stoppedByUser) return { kind: "restart", delayMs: 0 };
  if (exit.stoppedByUser || !wantsRestart(exit)) return { kind: "stay" };
  return { kind: "restart", delayMs: nextDelayMs(exit) };
}

/**
 * Whether a container that is not running starts when the machine has booted: `always` even after a stop by hand,
 * `unless-stopped` only without one. A crash of the engine alone is no boot: it stops no container.
 */
export function startsAtBoot(policy: RestartPolicy | undefined, stoppedByUser: boolean): boolean {
  return policy?.Name === "always" || (policy?.Name === "unless-stopped" && !stoppedByUser);
}

function wantsRestart({ policy, exitCode, restartCount }: ExitFacts): boolean {
  switch (policy?.Name) {
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure": {
      const limit = policy.MaximumRetryCount ?? 0;
      return exitCode !== 0 && (limit === 0 || restartCount < limit);
    }
    default:
      return false;
  }
}

function nextDelayMs({ ranMs, lastDelayMs }: ExitFacts): number {
  if (ranMs >= goodRunMs || lastDelayMs === 0) return firstDelayMs;
  return Math.min(lastDelayMs * 2, longestDelayMs);
}
