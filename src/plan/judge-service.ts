/**
 * Decides for each replica of a service: keep, amend, restart, recreate, remove, create, and why.
 *
 * Pure. Why a replica may not stay as it is: `why-change.ts`.
 */

import type { Project, Service } from "../compose/project.js";
import { type Change, type JudgeInput, whyChange } from "./compare/why-change.js";
import type { ObservedContainer, ObservedState } from "./observed.js";
import type { Cause } from "./operation.js";
import { type Difference, placeOf } from "./service/field-changes.js";
import { containerName, nameBehindTemporary } from "./service/names.js";
import { hashService } from "./service/service-hash.js";
import { desiredScale } from "./up-options.js";

/** What becomes of a service's containers. A container stands in one list only. */
export interface ServiceVerdict {
  readonly service: Service;
  readonly hash: string;
  readonly keep: readonly KeptContainer[];
  readonly recreate: ReadonlyArray<{ readonly container: ObservedContainer; readonly cause: Cause }>;
  readonly remove: ReadonlyArray<{ readonly container: ObservedContainer; readonly cause: Cause }>;
  /** Numbers of the replicas to make. */
  readonly create: readonly number[];
}

/**
 * `renameTo`: it bears another name, or still the temporary one of a replacement that was interrupted. `amend`: what is
 * changed while it runs. `restart`: it has to stop and start once more.
 */
export interface KeptContainer {
  readonly container: ObservedContainer;
  readonly renameTo?: string;
  readonly amend?: { readonly reason: string; readonly changes: readonly Difference[] };
  readonly restart?: Cause;
}

export function judgeService(service: Service, input: JudgeInput): ServiceVerdict {
  const { project, observed, options } = input;
  const hash = hashService(service, project, observed);
  const replicas = observed.containers.filter((c) => c.service === service.name && !c.isOneOff);
  const leftovers = replicas.filter((c) => isLeftover(c, observed));
  const judged = replicas
    .filter((c) => !leftovers.includes(c))
    .map((container) => ({ container, change: whyChange(service, container, { ...input, hash }) }))
    .sort(keepFirst);
  const scale = desiredScale(service, options);
  const staying = judged.slice(0, scale);
  const highest = Math.max(0, ...replicas.map((c) => c.number));
  return {
    service,
    hash,
    keep: staying.flatMap(({ container, change }) =>
      change?.action === "recreate" ? [] : [kept(container, service, { ...input, change })],
    ),
    recreate: staying.flatMap(({ container, change }) =>
      change?.action === "recreate" ? [{ container, cause: change.cause }] : [],
    ),
    remove: [
      ...leftovers.map((container) => ({ container, cause: { reason: "left by an interrupted replacement" } })),
      ...judged.slice(scale).map(({ container }) => ({ container, cause: scaledTo(project, service, scale) })),
    ],
    create: Array.from({ length: Math.max(0, scale - staying.length) }, (_, at) => highest + 1 + at),
  };
}

/** A job that ended well is done: it is not run again while nothing about it changed. */
export function isCompletedJob(container: ObservedContainer, service: Service, awaitedAsJob: boolean): boolean {
  if (container.state !== "exited" || container.exitCode !== 0) return false;
  if (service.restart?.name === "always" || service.restart?.name === "unless-stopped") return false;
  return container.wasStopped === false || (awaitedAsJob && container.wasStopped !== true);
}

/** Those that may stay come first, then low numbers, and the newest of equal ones. */
function keepFirst(
  a: { container: ObservedContainer; change: Change | undefined },
  b: { container: ObservedContainer; change: Change | undefined },
): number {
  const isReplaced = ({ change }: { change: Change | undefined }) => Number(change?.action === "recreate");
  return (
    isReplaced(a) - isReplaced(b) ||
    a.container.number - b.container.number ||
    b.container.createdAt - a.container.createdAt ||
    (a.container.id < b.container.id ? -1 : 1)
  );
}

/** True when the container that this one should have replaced is still there. */
function isLeftover(container: ObservedContainer, observed: ObservedState): boolean {
  const name = nameBehindTemporary(container.name);
  return name !== undefined && observed.containers.some((other) => other.name === name);
}

function kept(
  container: ObservedContainer,
  service: Service,
  { project, observed, options, change }: JudgeInput & { change: Change | undefined },
): KeptContainer {
  const name = replicaName(project, service, container);
  const isTaken = observed.containers.some((other) => other.name === name);
  const isRenamed = container.name !== name && !isTaken && !options.noRecreate;
  return {
    container,
    ...(isRenamed || nameBehindTemporary(container.name) === name ? { renameTo: name } : {}),
    ...(change?.action === "live" ? { amend: change.amend } : {}),
    ...(change?.action === "restart" ? { amend: change.amend, restart: change.cause } : {}),
  };
}

function scaledTo(project: Project, service: Service, scale: number): Cause {
  return { reason: `scaled to ${scale}`, ...located(project, `services.${service.name}.scale`) };
}

/**
 * The name a replica bears in the end. One that was made under the other of the two separators keeps it, as other
 * Compose tools have it.
 */
export function replicaName(project: Project, service: Service, container: ObservedContainer): string {
  const name = containerName(project.name, service, container.number);
  const own = nameBehindTemporary(container.name) ?? container.name;
  if (service.container_name !== undefined) return name;
  return own === [project.name, service.name, container.number].join("_") ? own : name;
}

function located(project: Project, path: string) {
  const source = placeOf(project, path);
  return source ? { source } : {};
}
