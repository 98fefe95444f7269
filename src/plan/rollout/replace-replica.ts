/**
 * Plans how one replica is replaced: start-first, stop-first with a way back, or stop-first for good. Pure.
 *
 * The way is chosen here, with its reason: what forbids two containers side by side makes the old one stop first.
 */
import type { ServiceVerdict } from "../judge-service.js";
import type { ObservedContainer } from "../observed.js";
import type { Cause, ContainerRef } from "../operation.js";
import type { Edges } from "../plan-builder.js";
import { createReplacement, replaceInPlace } from "../plan-containers.js";
import { containerName, retiredName } from "../service/names.js";
import { addPostStart } from "../steps/hooks.js";
import { isUp, refOf, stopOnce, type UpDraft } from "../up-draft.js";
import { type Obstacle, whyNoOverlap } from "./overlap.js";
import { drainMsOf, type Monitor, type UpdatePolicy } from "./update-policy.js";

/** What a start waits for besides its own container. */
export interface Gate {
  readonly after: readonly string[];
  readonly settled: readonly string[];
}

/** What is asked for one replica. `after` and `settled` are those of its batch. */
export interface Wish extends Gate {
  readonly container: ObservedContainer;
  readonly cause: Cause;
  readonly policy: UpdatePolicy;
  readonly stopped: readonly string[];
  readonly gate: Gate;
}

/** One replica's replacement, as drawn. */
export interface Attempt {
  readonly old: ContainerRef;
  readonly fresh: ContainerRef;
  readonly wasUp: boolean;
  readonly way: "start-first" | "stop-first";
  /** The new one serves under its name once this has been carried out. */
  readonly good: string;
  /** The old one serves again after these, when the new one failed in its place. */
  readonly restored?: readonly string[];
  /** The old one is down after these. */
  readonly stopped: readonly string[];
  /** It stands by while it does not serve. */
  readonly standby: boolean;
  /** Why it is not start-first, as asked. */
  readonly obstacle?: Obstacle;
}

/** Draws the replacement of one replica. */
export function attemptReplica(draft: UpDraft, verdict: ServiceVerdict, wish: Wish): Attempt {
  const obstacle = wish.policy.order === "start-first" ? whyStopFirst(draft, verdict, wish) : undefined;
  if (wish.policy.order === "start-first" && !obstacle) return startFirst(draft, verdict, wish);
  const stopCause = obstacle
    ? { ...obstacle, reason: `stops first, not start-first: ${obstacle.reason}` }
    : { reason: "replaced" };
  const draw = wish.policy.failureAction === "rollback" ? stopFirstWithWayBack : stopFirst;
  const attempt = draw(draft, verdict, { ...wish, stopCause });
  return obstacle ? { ...attempt, obstacle } : attempt;
}

function whyStopFirst(draft: UpDraft, { service }: ServiceVerdict, { container }: Wish): Obstacle | undefined {
  if (!isUp(container)) return { reason: "the old one is down already" };
  if (draft.stops.has(container.id)) return { reason: "the old one is stopped by another change of this plan" };
  return whyNoOverlap(draft, service, container);
}

function startFirst(draft: UpDraft, verdict: ServiceVerdict, wish: Wish): Attempt {
  const { container: old, cause, stopped, gate, policy } = wish;
  const { service } = verdict;
  const standby = draft.observed.takesOver === true;
  const before = { after: [...wish.after, ...stopped], settled: wish.settled };
  const created = createReplacement(draft, verdict, { container: old, cause, ...before, standby });
  const fresh = freshRef(draft, verdict, { old, created });
  const { last, begun } = startAndWatch(draft, fresh, {
    ...{ monitor: policy.monitor, cause: "runs beside the old one" },
    edges: { after: [created, ...gate.after], settled: gate.settled },
  });
  const oldRef = refOf(old);
  const update = { changes: true } as const;
  const good = swap(
    draft,
    { from: oldRef, to: fresh, away: retiredName(fresh.name), standby, cause },
    { after: [last], update },
  );
  const drained = standby ? [drain(draft, oldRef, { limitMs: drainMsOf(service), after: [good] })] : [good];
  const down = stopOnce(draft, old, "replaced", { after: drained, isStep: true, finishes: [good] });
  if (policy.failureAction !== "rollback") {
    draft.builder.add({ kind: "remove-container", container: oldRef, force: false, volumes: false }, "replaced", {
      ...{ after: down, isStep: true, finishes: down },
    });
  }
  discard(draft, fresh, { standby, created, remedies: [...begun, good] });
  return { old: oldRef, fresh, wasUp: true, way: "start-first", good, stopped: down, standby };
}

/** As without `update_config`, and watched. */
function stopFirst(draft: UpDraft, verdict: ServiceVerdict, wish: Wish & { readonly stopCause: Cause }): Attempt {
  const { container: old, cause, stopped, gate, policy, stopCause } = wish;
  const update = { changes: true } as const;
  const created = createReplacement(draft, verdict, {
    container: old,
    cause,
    after: wish.after,
    settled: wish.settled,
  });
  const replaced = { container: old, cause, created, stopCause, stopped, update };
  const { container: fresh, renamed } = replaceInPlace(draft, verdict, replaced);
  const { last } = startAndWatch(draft, fresh, {
    ...{ monitor: policy.monitor, cause: "container was replaced", finishes: [renamed] },
    edges: { after: [renamed, ...gate.after], settled: gate.settled },
  });
  return {
    old: refOf(old),
    fresh,
    wasUp: isUp(old),
    way: "stop-first",
    good: last,
    stopped: [renamed],
    standby: false,
  };
}

/** The old one is stopped and kept; it is started again when the new one fails. */
function stopFirstWithWayBack(
  draft: UpDraft,
  verdict: ServiceVerdict,
  wish: Wish & { readonly stopCause: Cause },
): Attempt {
  const { container: old, cause, gate, policy, stopCause } = wish;
  const created = createReplacement(draft, verdict, {
    container: old,
    cause,
    after: wish.after,
    settled: wish.settled,
  });
  const fresh = freshRef(draft, verdict, { old, created });
  const oldRef = refOf(old);
  const down = stopOnce(draft, old, stopCause, {
    ...{ after: [created, ...wish.stopped], isStep: true, update: { changes: true } },
  });
  const { last, begun } = startAndWatch(draft, fresh, {
    ...{ monitor: policy.monitor, cause: "takes the old one's place", finishes: down },
    edges: { after: [created, ...down, ...gate.after], settled: gate.settled },
  });
  const update = { changes: true } as const;
  const good = swap(
    draft,
    { from: oldRef, to: fresh, away: retiredName(fresh.name), standby: false, cause },
    { after: [last], update },
  );
  const gone = discard(draft, fresh, { standby: false, created, remedies: begun });
  const [stop] = down;
  const back = { cause: "the new one failed", finishes: [gone] };
  const restored =
    stop === undefined
      ? []
      : [startAndWatch(draft, oldRef, { ...back, edges: { after: [gone, stop], update: { restores: [stop] } } }).last];
  return { old: oldRef, fresh, wasUp: isUp(old), way: "stop-first", good, restored, stopped: down, standby: false };
}

function freshRef(
  draft: UpDraft,
  { service }: ServiceVerdict,
  { old, created }: { old: ObservedContainer; created: string },
): ContainerRef {
  return { name: containerName(draft.project.name, service, old.number), service: service.name, createdBy: created };
}

/** Starts, runs the hooks, and watches if asked; the last operation, and all of them. */
export function startAndWatch(
  draft: UpDraft,
  container: ContainerRef,
  {
    monitor,
    cause,
    finishes = [],
    edges,
  }: {
    readonly monitor?: Monitor;
    readonly cause: string;
    readonly finishes?: readonly string[];
    readonly edges: Edges;
  },
): { readonly last: string; readonly begun: readonly string[] } {
  const { builder, project } = draft;
  const started = builder.add({ kind: "start-container", container }, cause, { ...edges, finishes });
  const hooked = addPostStart(builder, project, { container, started });
  if (!monitor) return { last: hooked, begun: [started, hooked] };
  const watched = addWatch(draft, container, { monitor, after: hooked });
  return { last: watched, begun: [...new Set([started, hooked, watched])] };
}

/** Not longer than `--wait-timeout` says. */
export function addWatch(
  { builder, options: { waitTimeoutMs } }: UpDraft,
  container: ContainerRef,
  { monitor, after }: { monitor: Monitor; after: string },
): string {
  const limit = waitTimeoutMs === undefined ? {} : { timeoutMs: waitTimeoutMs };
  const watch = { kind: "watch-replica", container, monitor, ...limit } as const;
  return builder.add(watch, "before it counts", { after: [after] });
}

interface Swap {
  readonly from: ContainerRef;
  readonly to: ContainerRef;
  /** The name that `from` gets where the engine does not swap names itself. */
  readonly away: string;
  readonly standby: boolean;
  readonly cause: Cause | string;
}

/** `to` gets the name, and where the engine can, published ports and names in the DNS at the same moment. */
export function swap(draft: UpDraft, { from, to, away, standby, cause }: Swap, edges: Edges): string {
  const { builder } = draft;
  if (standby) return builder.add({ kind: "take-over", container: to, from }, cause, edges);
  const { update: _last, ...first } = edges;
  const moved = { kind: "rename-container", container: from, to: away } as const;
  const retired = builder.add(moved, "replaced", { ...first, isStep: true });
  const named = { kind: "rename-container", container: to, to: to.name } as const;
  return builder.add(named, cause, { ...edges, after: [retired], finishes: [retired] });
}

export function drain(
  draft: UpDraft,
  container: ContainerRef,
  { limitMs, after }: { limitMs: number; after: readonly string[] },
): string {
  const op = { kind: "drain-container", container, limitMs } as const;
  return draft.builder.add(op, "connections under way", { after, finishes: after, isStep: true });
}

/** Takes a new container away again that was not good. */
function discard(
  draft: UpDraft,
  container: ContainerRef,
  { standby, created, remedies }: { standby: boolean; created: string; remedies: readonly string[] },
): string {
  const op = standby
    ? ({ kind: "discard-replacement", container } as const)
    : ({ kind: "remove-container", container, force: true, volumes: false } as const);
  return draft.builder.add(op, "it failed; the old one serves on", {
    ...{ after: [created], remedies, finishes: [created], isStep: true },
  });
}
