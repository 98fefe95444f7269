/** Carries out a `wait-for`: ends when every container is as it should be, or says which is not, and how it is. */
import { deadline } from "../../base/deadline.js";
import { elapsedText } from "../../base/elapsed.js";
import { isGantryError } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import type { ContainerRef, OperationKind } from "../../plan/operation.js";
import type { ContainerWatch } from "../container-watch.js";
import { standingOf } from "./standing.js";
import { WaitFailure } from "./step-failure.js";

/** A last look must not wait for an engine that hangs. */
const lookTimeoutMs = 3000;

type WaitFor = Extract<OperationKind, { kind: "wait-for" }>;

/** What a wait needs of its run. */
export interface WaitRun {
  readonly client: EngineClient;
  readonly watch: ContainerWatch;
  readonly signal: AbortSignal;
  readonly idOf: (ref: ContainerRef) => string;
}

/** As it reads after "to be". */
export const conditionText: Record<WaitFor["condition"], string> = {
  healthy: "healthy",
  completed: "completed",
  "running-or-healthy": "running or healthy",
};

/**
 * Throws "unhealthy" or "dependency-failed" when the condition cannot hold any more, "wait-timeout" at the limit.
 * `onText` hears how each container is that keeps it waiting.
 */
export async function waitForContainers(op: WaitFor, run: WaitRun, onText: (text: string) => void): Promise<void> {
  using limit = op.timeoutMs === undefined ? undefined : deadline(op.timeoutMs, [run.signal]);
  const signal = limit?.signal ?? run.signal;
  const pending = new Map<ContainerRef, string>(op.containers.map((ref) => [ref, "has not been looked at"]));
  const waitForOne = async (ref: ContainerRef) => {
    const onPending = (state: string) => {
      pending.set(ref, state);
      onText(`${ref.name} ${state}`);
    };
    await run.watch.waitFor(run.idOf(ref), op.condition, { signal, onPending });
    pending.delete(ref);
  };
  try {
    await Promise.all(op.containers.map(waitForOne));
  } catch (error) {
    if (!limit?.isOver || run.signal.aborted || isGantryError(error)) throw error;
    throw timedOut(op, run, await asTheyAre(op, run, pending));
  }
}

/** A failing probe changes no state and makes no event, so each is looked at once more. */
async function asTheyAre(
  { condition }: WaitFor,
  { client, idOf }: WaitRun,
  pending: ReadonlyMap<ContainerRef, string>,
): Promise<ReadonlyMap<ContainerRef, string>> {
  const looked = [...pending].map(async ([ref, known]): Promise<[ContainerRef, string]> => {
    const signal = AbortSignal.timeout(lookTimeoutMs);
    const container = await client.containers.inspect(idOf(ref), { signal }).catch(() => undefined);
    const standing = container && standingOf(container, condition);
    return [ref, standing?.kind === "pending" ? standing.state : known];
  });
  return new Map(await Promise.all(looked));
}

function timedOut(op: WaitFor, { idOf }: WaitRun, pending: ReadonlyMap<ContainerRef, string>): WaitFailure {
  const names = [...pending.keys()].map(({ name }) => name).join(", ");
  const states = [...pending].map(([{ name }, state]) => (pending.size === 1 ? `it ${state}` : `${name} ${state}`));
  const [first = op.containers[0]] = pending.keys();
  const waited = elapsedText(op.timeoutMs ?? 0);
  return new WaitFailure(
    "wait-timeout",
    `timeout waiting for ${names} to be ${conditionText[op.condition]} after ${waited}: ${states.join(", ")}`,
    {
      container: first ? idOf(first) : op.service,
      hint: `Give it more time with --wait-timeout, or see why: gantry logs ${op.service}`,
    },
  );
}
