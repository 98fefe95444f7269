/** Carries out the operations of an update by `update_config`. It decides nothing: the plan has said what to do. */
import { sleep } from "../../base/clock.js";
import { deadline } from "../../base/deadline.js";
import { GantryError, isGantryError } from "../../base/errors.js";
import type { UpdateOperation } from "../../plan/operation.js";
import type { Outcome, RunState } from "../perform.js";
import { throughRestarts } from "./through-restarts.js";
import { watchReplica } from "./watch-replica.js";

/** An engine that restarts tells nothing meanwhile; it is asked again this long after it broke off. */
const askAgainMs = 250;
/** A neighbour that looked the name up before the flip connects after it: on a busy machine, a good while after. */
const settleMs = 500;

export interface UpdateRun extends Pick<RunState, "client" | "signal" | "forced" | "watch" | "endingOf"> {
  /** Of the container that the operation names. */
  readonly id: string;
  readonly fromId: string | undefined;
  readonly onText: (text: string) => void;
}

/**
 * Throws what the engine says, "unhealthy" or "dependency-failed" for a new container that is no good, "update-failed".
 */
export async function performUpdate(op: UpdateOperation, run: UpdateRun): Promise<Outcome> {
  switch (op.kind) {
    case "watch-replica":
      await watchReplica(op, run);
      return {};
    case "take-over":
      // Whether it has happened must be known: what comes next depends on which of the two serves.
      return (await throughRestarts(run, () => run.client.containers.takeOver(run.id, run.fromId)))
        ? {}
        : { action: "Already took over" };
    case "drain-container":
      return drain(op.limitMs, run);
    case "discard-replacement":
      return throughRestarts(run, () => discard(run));
    case "judge-update":
      judge(op, run);
      return {};
    case "pause-update":
      await sleep(op.delayMs, run.signal);
      return {};
  }
}

async function drain(limitMs: number, { client, id, onText, signal }: UpdateRun): Promise<Outcome> {
  using limit = deadline(limitMs, [signal]); // a cancelled run completes the replacement, and at once
  const call = { signal: limit.signal };
  await sleep(settleMs, limit.signal).catch(() => {});
  while (!limit.signal.aborted) {
    try {
      for await (const connections of client.containers.connections(id, call)) {
        if (connections === 0) return {};
        onText(`${connections} ${connections === 1 ? "connection" : "connections"} under way`);
      }
    } catch (error) {
      if (isGantryError(error, "container-not-found")) return {};
      // An engine that is restarting tells nothing for a while; the limit holds all the same.
    }
    await sleep(askAgainMs, limit.signal).catch(() => {});
  }
  return { action: limit.isOver ? `Drained for ${limitMs / 1000} s` : "Drained no longer" };
}

/** Of two containers the one that does not serve goes; the plan's view of it may be older than the engine's. */
async function discard({ client, id }: UpdateRun): Promise<Outcome> {
  try {
    const { State } = await client.containers.inspect(id);
    if (!State.GantryStandby) return { action: "Serves, and stays" };
    await client.containers.remove(id, { force: true, volumes: false });
  } catch (error) {
    if (!isGantryError(error, "container-not-found")) throw error;
  }
  return {};
}

function judge(op: Extract<UpdateOperation, { kind: "judge-update" }>, { endingOf }: UpdateRun): void {
  // What has not been replaced needs no putting back.
  const isWell = (id: string) => endingOf(id) === "done" || endingOf(id) === "not-needed";
  const failed = op.attempts.filter((id) => !isWell(id)).length;
  if (failed / op.total <= op.maxFailureRatio) return;
  const what = `${failed} of ${op.total} ${op.total === 1 ? "container" : "containers"} of service "${op.service}"`;
  const then = op.action === "rollback" ? "what was replaced is put back" : "the others are left as they are";
  throw new GantryError("update-failed", `${what} could not be replaced: ${then}`, {
    hint: `See why above, or with: gantry logs ${op.service}`,
  });
}
