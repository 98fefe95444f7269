/** Where a container stands towards what is waited for, and how that reads. Pure. */
import type { WaitCondition } from "../../plan/operation.js";
import type { ContainerInspect } from "../../wire/container.js";

/** A container that its restart policy brings back this often during one wait is taken for broken. */
const restartsWhileWaiting = 10;
const outputChars = 120;

/**
 * `pending` and `failed` carry how it is, as a sentence's end: `is starting`, `exited (3)`. Where nothing but its
 * running speaks for a container, it has to last: what has just been started may be about to fail.
 */
export type Standing =
  | { readonly kind: "holds"; readonly mustLast?: true }
  | { readonly kind: "pending"; readonly state: string }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * What one look at a container says about a condition. A job that ends with 0 is done, and as good as running. Stopped
 * by somebody, a container is not brought back by its restart policy.
 */
export function standingOf(
  container: ContainerInspect,
  condition: WaitCondition,
  { wasStopped = false }: { wasStopped?: boolean } = {},
): Standing {
  const { State } = container;
  if (State.Restarting) return restarting(container);
  if (State.Running) {
    return condition === "completed" ? { kind: "pending", state: "is running" } : running(container, condition);
  }
  if (State.Status === "created") return { kind: "failed", reason: "was not started" };
  const exited = `exited (${State.ExitCode})`;
  if (State.OOMKilled) return { kind: "failed", reason: `${exited}: it ran out of memory` };
  if (!wasStopped && willRestart(container)) return { kind: "pending", state: `${exited} and is to restart` };
  if (State.ExitCode === 0 && condition !== "healthy") return { kind: "holds" };
  return { kind: "failed", reason: wasStopped ? `${exited} because it was stopped` : exited };
}

function running({ State }: ContainerInspect, condition: WaitCondition): Standing {
  if (!State.Health) {
    if (condition === "healthy") return { kind: "failed", reason: "has no healthcheck configured" };
    return { kind: "holds", mustLast: true };
  }
  if (State.Health.Status === "unhealthy") return { kind: "failed", reason: "is unhealthy" };
  if (State.Paused) return { kind: "pending", state: "is paused" };
  if (State.Health.Status === "healthy") return { kind: "holds" };
  return { kind: "pending", state: `is starting${lastProbeText(State.Health.Log)}` };
}

/** `, its last probe exited with 1: connection refused`; nothing before the first. */
function lastProbeText(log: NonNullable<ContainerInspect["State"]["Health"]>["Log"]): string {
  const last = log.at(-1);
  if (!last) return "";
  const [said = ""] = last.Output.trim().split("\n").slice(-1);
  const output = said.length > outputChars ? `${said.slice(0, outputChars)}…` : said;
  return `, its last probe exited with ${last.ExitCode}${output === "" ? "" : `: ${output}`}`;
}

function restarting({ State, RestartCount }: ContainerInspect): Standing {
  if (RestartCount < restartsWhileWaiting) return { kind: "pending", state: `restarts after exit (${State.ExitCode})` };
  return { kind: "failed", reason: `keeps restarting, ${RestartCount} times so far, exit code ${State.ExitCode}` };
}

/** Between the end of a run and its restart an engine may still say "exited". */
function willRestart({ HostConfig, State, RestartCount }: ContainerInspect): boolean {
  const { Name, MaximumRetryCount = 0 } = HostConfig.RestartPolicy ?? {};
  if (State.Status === "dead" || RestartCount >= restartsWhileWaiting) return false;
  if (Name === "always" || Name === "unless-stopped") return true;
  return Name === "on-failure" && State.ExitCode !== 0 && (MaximumRetryCount === 0 || RestartCount < MaximumRetryCount);
}
