/**
 * Plans an update by `update_config`: replicas are replaced some at a time, each new one is watched before it counts,
 * and what happens when one fails stands in the plan, as operations that remedy.
 *
 * Pure. Follows the Compose Deploy Specification. With start-first the old container serves until the new one has been
 * found good, and keeps the connections it has until they end or the drain limit is over. Nothing old is removed before
 * the whole update is through when it may have to be taken back.
 */
import type { Service } from "../../compose/project.js";
import type { ServiceVerdict } from "../judge-service.js";
import { addPreStart } from "../steps/hooks.js";
import { type RolloutRequest, refOf, type UpDraft } from "../up-draft.js";
import { type Batch, planBatches } from "./batches.js";
import { type Attempt, attemptReplica, type Gate } from "./replace-replica.js";
import { planTakeBack } from "./take-back.js";
import { type UpdatePolicy, updatePolicyOf } from "./update-policy.js";

/** Draws the update of a service, if it has one to draw; `gate` is what its starts wait for. */
export function planRollout(draft: UpDraft, service: Service, gate: Gate): void {
  const request = draft.rollouts.get(service.name);
  const verdict = draft.verdicts.get(service.name);
  const policy = updatePolicyOf(service);
  if (!request || !verdict || !policy) return;
  draft.builder.updating(service.name, () => drawRollout(draft, verdict, { request, policy, gate }));
}

function drawRollout(
  draft: UpDraft,
  verdict: ServiceVerdict,
  { request, policy, gate }: { request: RolloutRequest; policy: UpdatePolicy; gate: Gate },
): void {
  const { service } = verdict;
  const jobs = preStart(draft, verdict, gate);
  const attempts: Attempt[] = [];
  const replace = (replacement: ServiceVerdict["recreate"][number], { after, settled }: Batch): Attempt => {
    const attempt = attemptReplica(draft, verdict, {
      ...{ ...replacement, policy, stopped: request.stopped, after, settled },
      gate: { after: [...gate.after, ...jobs], settled: gate.settled },
    });
    attempts.push(attempt);
    return attempt;
  };
  const items = [...request.replacements].sort((a, b) => a.container.number - b.container.number);
  const { judges, ends } = planBatches(draft, items, { service: service.name, policy, draw: replace });
  if (policy.failureAction === "rollback") {
    removeOld(draft, attempts, judges);
    planTakeBack(draft, verdict, { attempts, judges, policy });
  }
  tellObstacle(draft, service, attempts);
  draft.rolledOut.set(
    service.name,
    attempts.map(({ fresh }) => fresh),
  );
  draft.starts.set(service.name, [...(draft.starts.get(service.name) ?? []), ...ends]);
}

/** Once for the service, before the first new container starts. */
function preStart(draft: UpDraft, { service, recreate }: ServiceVerdict, gate: Gate): string[] {
  const requests = recreate.map(({ container, cause }) => ({
    container: refOf(container),
    after: [],
    cause: cause.reason,
  }));
  return addPreStart(draft, service, requests, gate);
}

/** What the update may have to go back to stays until it is through. */
function removeOld(draft: UpDraft, attempts: readonly Attempt[], judges: readonly string[]): void {
  for (const { old, stopped, good } of attempts) {
    draft.builder.add({ kind: "remove-container", container: old, force: false, volumes: false }, "replaced", {
      after: [good, ...stopped, ...judges],
      isStep: true,
      finishes: stopped,
    });
  }
}

/** Once for the service, where somebody who does not read the plan sees it. */
function tellObstacle(draft: UpDraft, service: Service, attempts: readonly Attempt[]): void {
  const obstacle = attempts.find((attempt) => attempt.obstacle)?.obstacle;
  if (!obstacle) return;
  const { reason, source } = obstacle;
  const place = source ? ` (${source.file}:${source.line})` : "";
  draft.builder.warn(`Service "${service.name}" is updated stop-first, not start-first: ${reason}${place}`);
}
