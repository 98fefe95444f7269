/** What is known while one `up` is planned: the inputs, the verdicts, and the operations drawn so far. Pure. */
import type { Project, Service } from "../compose/project.js";
import type { ServiceVerdict } from "./judge-service.js";
import type { ObservedContainer, ObservedState } from "./observed.js";
import type { Cause, ContainerRef } from "./operation.js";
import { type Edges, PlanBuilder } from "./plan-builder.js";
import { addPreStop } from "./steps/hooks.js";
import type { UpOptions } from "./up-options.js";

/** Handed from step to step of `plan-up.ts`; each step fills what the next ones read. */
export interface UpDraft {
  readonly project: Project;
  readonly observed: ObservedState;
  readonly options: UpOptions;
  readonly builder: PlanBuilder;
  /** Dependencies before dependents. */
  readonly selected: readonly Service[];
  readonly verdicts: ReadonlyMap<string, ServiceVerdict>;
  /** By `provider SERVICE` and `model KEY`: the operation that provides it. */
  readonly provisions: Map<string, string>;
  /** By image name: the operation that brings it. */
  readonly pulls: Map<string, string>;
  /** By network key: what must be done before a container is made on it. */
  readonly networkReady: Map<string, readonly string[]>;
  readonly volumeReady: Map<string, readonly string[]>;
  /** By container id: the operation that stops it, drawn once. */
  readonly stops: Map<string, string>;
  /** By container id: what must be done before it may start again, after stepping off a network. */
  readonly steppedOff: Map<string, readonly string[]>;
  /** By service: the containers to start, each with what must be done before. */
  readonly toStart: Map<string, StartRequest[]>;
  /** By service: its start operations. */
  readonly starts: Map<string, string[]>;
  /** Services whose containers restart after what they depend on. */
  readonly restarted: Set<string>;
  /** By service: the containers that are replaced by the rules of its `update_config`. */
  readonly rollouts: Map<string, RolloutRequest>;
  /** By service: the containers that such an update makes. */
  readonly rolledOut: Map<string, readonly ContainerRef[]>;
  /** By name: the operation that removes the container that bears it. */
  readonly removals: Map<string, string>;
}

/** Containers to replace, and what must be down before. */
export interface RolloutRequest {
  readonly replacements: ServiceVerdict["recreate"];
  readonly stopped: readonly string[];
}

export interface StartRequest {
  readonly container: ContainerRef;
  readonly after: readonly string[];
  readonly cause: string;
  /** What the start completes, so that a replacement is not left half done. */
  readonly finishes?: readonly string[];
  /** Of a command beside the replicas, for which nothing is prepared. */
  readonly isOneOff?: boolean;
}

/** A draft in which nothing is drawn yet. */
export function newDraft(
  what: Pick<UpDraft, "project" | "observed" | "options" | "selected" | "verdicts"> & { builder?: PlanBuilder },
): UpDraft {
  return {
    builder: new PlanBuilder(),
    ...what,
    provisions: new Map(),
    pulls: new Map(),
    networkReady: new Map(),
    volumeReady: new Map(),
    stops: new Map(),
    steppedOff: new Map(),
    toStart: new Map(),
    starts: new Map(),
    restarted: new Set(),
    rollouts: new Map(),
    rolledOut: new Map(),
    removals: new Map(),
  };
}

export function refOf(container: ObservedContainer, name = container.name): ContainerRef {
  return { name, service: container.service, id: container.id };
}

/** True while a process of it may run. */
export function isUp(container: ObservedContainer): boolean {
  return container.state === "running" || container.state === "paused" || container.state === "restarting";
}

/** Stops a container unless it is down or already being stopped; the operations after which it is. */
export function stopOnce(
  draft: UpDraft,
  container: ObservedContainer,
  cause: Cause | string,
  edges: Edges = {},
): string[] {
  if (!isUp(container)) return [];
  const known = draft.stops.get(container.id);
  if (known !== undefined) return [known];
  const { timeoutS } = draft.options;
  const id = draft.builder.add(
    { kind: "stop-container", container: refOf(container), ...(timeoutS === undefined ? {} : { timeoutS }) },
    cause,
    addPreStop(draft.builder, draft.project, container, edges),
  );
  draft.stops.set(container.id, id);
  return [id];
}

/** Asks for a start in the start phase. */
export function requestStart(draft: UpDraft, request: StartRequest): void {
  const { service } = request.container;
  draft.toStart.set(service, [...(draft.toStart.get(service) ?? []), request]);
}
