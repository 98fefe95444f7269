/**
 * How the containers of a service are replaced: what `update_config` and `rollback_config` say, with their defaults.
 *
 * Pure. Follows the Compose Deploy Specification, "update_config" and "rollback_config", and where it leaves a default
 * open, what a swarm does.
 */
import type { Service } from "../../compose/project.js";
import type { UpdateSpec } from "../../compose/update-spec.js";

const nanosPerMs = 1e6;
/** As a swarm watches; where no health check tells how a container is, that it still runs is all there is to see. */
const uncheckedMs = 5000;
const defaultDrainMs = 10_000;

export interface UpdatePolicy {
  readonly order: "start-first" | "stop-first";
  /** Containers at a time; `Infinity` for all. */
  readonly parallelism: number;
  /** Between one batch and the next. */
  readonly delayMs: number;
  readonly monitor: Monitor;
  readonly failureAction: "pause" | "continue" | "rollback";
  /** The action is taken when more than this share of the containers has failed. */
  readonly maxFailureRatio: number;
}

/** How long a container must have run before it counts as good, which a health check may prolong. */
export interface Monitor {
  readonly checkedMs: number;
  /** Without a health check. */
  readonly uncheckedMs: number;
}

/** Undefined for a service without `update_config`: its containers are replaced all at once, as docker compose does. */
export function updatePolicyOf({ update_config: spec }: Service): UpdatePolicy | undefined {
  return spec && policyOf(spec, { order: "stop-first", failureAction: "pause" });
}

/** How an update by `update` is taken back: in its order, unless the service says otherwise. */
export function rollbackPolicyOf({ rollback_config: spec = {} }: Service, update: UpdatePolicy): UpdatePolicy {
  const { failureAction, ...policy } = policyOf(spec, { order: update.order, failureAction: "pause" });
  // There is nothing further back.
  return { ...policy, failureAction: failureAction === "rollback" ? "pause" : failureAction };
}

/** How long the connections of a container that is replaced may go on. */
export function drainMsOf({ gantry }: Service): number {
  return gantry?.drain === undefined ? defaultDrainMs : gantry.drain / nanosPerMs;
}

function policyOf(spec: UpdateSpec, defaults: Pick<UpdatePolicy, "order" | "failureAction">): UpdatePolicy {
  const { parallelism = 1, delay = 0, monitor, max_failure_ratio = 0 } = spec;
  const monitorMs = monitor === undefined ? undefined : monitor / nanosPerMs;
  return {
    order: spec.order ?? defaults.order,
    parallelism: parallelism === 0 ? Number.POSITIVE_INFINITY : parallelism,
    delayMs: delay / nanosPerMs,
    monitor: { checkedMs: monitorMs ?? 0, uncheckedMs: monitorMs ?? uncheckedMs },
    failureAction: spec.failure_action ?? defaults.failureAction,
    maxFailureRatio: max_failure_ratio,
  };
}
