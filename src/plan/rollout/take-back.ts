/** Plans how an update that failed is taken back, by `rollback_config`: the old containers serve again. Pure. */
import type { ServiceVerdict } from "../judge-service.js";
import { temporaryName } from "../service/names.js";
import type { UpDraft } from "../up-draft.js";
import { type Batch, planBatches } from "./batches.js";
import { type Attempt, addWatch, drain, startAndWatch, swap } from "./replace-replica.js";
import { drainMsOf, rollbackPolicyOf, type UpdatePolicy } from "./update-policy.js";

/** Only replicas that had been replaced are put back; those that failed never were. The last one goes first. */
export function planTakeBack(
  draft: UpDraft,
  { service }: ServiceVerdict,
  {
    attempts,
    judges,
    policy,
  }: {
    readonly attempts: readonly Attempt[];
    readonly judges: readonly string[];
    readonly policy: UpdatePolicy;
  },
): void {
  const back = rollbackPolicyOf(service, policy);
  const kept = attempts.filter(({ wasUp }) => wasUp).reverse();
  planBatches(draft, kept, {
    ...{ service: service.name, policy: back, remedies: judges },
    draw: (attempt, batch) => {
      const wish = { batch, remedies: judges, policy: back, limitMs: drainMsOf(service) };
      const isFirst = attempt.way === "start-first" && back.order === "start-first";
      return { good: isFirst ? oldStartsFirst(draft, attempt, wish) : newStopsFirst(draft, attempt, wish) };
    },
  });
}

interface Wish {
  readonly batch: Batch;
  readonly remedies: readonly string[];
  readonly policy: UpdatePolicy;
  readonly limitMs: number;
}

const reason = "the update failed";

function oldStartsFirst(draft: UpDraft, attempt: Attempt, { batch, remedies, policy, limitMs }: Wish): string {
  const { fresh, good, standby } = attempt;
  const ref = asServing(attempt);
  const { last } = startAndWatch(draft, ref, {
    ...{ monitor: policy.monitor, cause: reason },
    edges: { after: [good, ...batch.after], settled: [...attempt.stopped, ...batch.settled], remedies },
  });
  const update = { restores: [good, ...attempt.stopped] };
  const swapped = swap(
    draft,
    { from: fresh, to: ref, away: temporaryName(ref.id ?? "", ref.name), standby, cause: reason },
    { after: [last], update },
  );
  const drained = standby ? drain(draft, fresh, { limitMs, after: [swapped] }) : swapped;
  remove(draft, fresh, [drained]);
  return swapped;
}

function newStopsFirst(draft: UpDraft, attempt: Attempt, { batch, remedies, policy, limitMs }: Wish): string {
  const { fresh, good, standby } = attempt;
  const edges = {
    after: [good, ...batch.after],
    settled: [...attempt.stopped, ...batch.settled],
    remedies,
    isStep: true,
  };
  const drained = standby
    ? draft.builder.add({ kind: "drain-container", container: fresh, limitMs }, "connections under way", edges)
    : undefined;
  const down = draft.builder.add(
    { kind: "stop-container", container: fresh, ...timeoutOf(draft) },
    reason,
    drained === undefined ? edges : { after: [drained], isStep: true },
  );
  const ref = asServing(attempt);
  const update = { restores: [good, ...attempt.stopped] };
  const { last: started } = startAndWatch(draft, ref, { cause: reason, finishes: [down], edges: { after: [down] } });
  const swapped = swap(
    draft,
    { from: fresh, to: ref, away: temporaryName(ref.id ?? "", ref.name), standby, cause: reason },
    { after: [started], update },
  );
  remove(draft, fresh, [swapped]);
  return addWatch(draft, ref, { monitor: policy.monitor, after: swapped });
}

/** The old container under the name that it bears again. */
function asServing({ old, fresh }: Attempt): Attempt["old"] {
  return { ...old, name: fresh.name };
}

function remove(draft: UpDraft, container: Attempt["fresh"], after: readonly string[]): void {
  const edges = { after, isStep: true };
  draft.builder.add({ kind: "remove-container", container, force: true, volumes: false }, reason, edges);
}

function timeoutOf({ options: { timeoutS } }: UpDraft): { timeoutS?: number } {
  return timeoutS === undefined ? {} : { timeoutS };
}
