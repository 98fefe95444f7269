/** Watches a new container until it counts as good: it runs, is healthy if it has a check, and stays so for a while. */
import { deadline } from "../../base/deadline.js";
import type { UpdateOperation } from "../../plan/operation.js";
import type { ContainerInspect } from "../../wire/container.js";
import { WaitFailure } from "../steps/step-failure.js";
import type { UpdateRun } from "./perform-update.js";
import { throughRestarts } from "./through-restarts.js";

/**
 * Throws "unhealthy" or "dependency-failed" when it exits, restarts or turns unhealthy, "wait-timeout" at the limit of
 * `--wait-timeout`.
 */
export async function watchReplica(
  { container, monitor, timeoutMs }: Extract<UpdateOperation, { kind: "watch-replica" }>,
  run: UpdateRun,
): Promise<void> {
  const { client, watch, signal, id, onText } = run;
  using limit = timeoutMs === undefined ? undefined : deadline(timeoutMs, [signal]);
  using checked = deadline(monitor.checkedMs);
  using unchecked = deadline(monitor.uncheckedMs);
  const ends = [limit?.signal ?? signal, checked.signal, unchecked.signal];
  let known = "";
  await watch.open();
  const looking = new AbortController();
  using _looked = { [Symbol.dispose]: () => looking.abort() };
  for (;;) {
    const changed = watch.nextChange(id, AbortSignal.any([...ends.filter(isAhead), looking.signal]));
    // It is waited for below; where the look itself ends the watch, nobody asks for it any more.
    changed.catch(() => {});
    const state = await throughRestarts(run, () => client.containers.inspect(id));
    const standing = standingOf(state);
    if (standing.kind === "failed")
      throw new WaitFailure(standing.code, `container ${container.name} ${standing.reason}`, { container: id });
    const monitored = state.State.Health ? checked : unchecked;
    if (standing.kind === "good" && monitored.isOver) return;
    if (standing.kind === "starting" && standing.state !== known) onText(`${container.name} ${standing.state}`);
    known = standing.kind === "starting" ? standing.state : "";
    await changed;
    signal.throwIfAborted();
    if (limit?.isOver) {
      const waited = `after ${(timeoutMs ?? 0) / 1000} s`;
      throw new WaitFailure("wait-timeout", `container ${container.name} is not healthy ${waited}`, { container: id });
    }
  }
}

/** One that has ended already would end every further wait at once. */
function isAhead(signal: AbortSignal): boolean {
  return !signal.aborted;
}

type Standing =
  | { readonly kind: "good" }
  | { readonly kind: "starting"; readonly state: string }
  | { readonly kind: "failed"; readonly code: "unhealthy" | "dependency-failed"; readonly reason: string };

/** Pure. A restart by its policy is a failure: what served before it would not have crashed. */
export function standingOf({ State, RestartCount }: ContainerInspect): Standing {
  const failed = (reason: string) => ({ kind: "failed", code: "dependency-failed", reason }) as const;
  if (State.OOMKilled) return failed(`exited (${State.ExitCode}): it ran out of memory`);
  if (State.Restarting || RestartCount > 0) return failed(`keeps exiting (${State.ExitCode})`);
  if (!State.Running) return failed(State.Status === "created" ? "was not started" : `exited (${State.ExitCode})`);
  if (State.Health?.Status === "unhealthy") return { kind: "failed", code: "unhealthy", reason: "is unhealthy" };
  if (State.Health?.Status === "starting") return { kind: "starting", state: "is starting" };
  return { kind: "good" };
}
