/** What a plan takes away, so that it can be brought back. Pure. */
import type { RemovedContainer } from "../../wire/history.js";
import type { ObservedState } from "../observed.js";
import type { Plan } from "../operation.js";
import { isUp } from "../up-draft.js";

export interface Removed {
  readonly containers: readonly RemovedContainer[];
  /** Names of volumes that are no container's own. */
  readonly volumes: readonly string[];
}

/** Replicas only: a one-off has done its work, and a replaced container is not taken away. */
export function removedBy(plan: Plan, observed: ObservedState): Removed {
  const gone = new Set(plan.operations.flatMap((op) => (op.kind === "remove-volume" ? [op.name] : [])));
  const ids = new Set(plan.operations.flatMap((op) => (op.kind === "remove-container" ? [op.container.id] : [])));
  const doomed = observed.containers.filter((container) => ids.has(container.id) && !container.isOneOff);
  const containers = doomed.map((container) => ({
    service: container.service,
    number: container.number,
    wasUp: isUp(container),
    volumes: anonymousMounts(container, observed)
      .filter(({ name }) => gone.has(name))
      .map(({ name, target }) => ({ name, target })),
  }));
  const own = new Set(containers.flatMap(({ volumes }) => volumes.map(({ name }) => name)));
  return { containers, volumes: [...gone].filter((name) => !own.has(name)).sort() };
}

/** Volumes without a name of their own that a container mounts, and where. */
export function anonymousMounts(
  { mounts }: ObservedState["containers"][number],
  { volumes }: ObservedState,
): Array<{ readonly name: string; readonly target: string }> {
  const anonymous = new Set(volumes.flatMap(({ name, labels }) => (anonymousLabel in labels ? [name] : [])));
  return mounts.flatMap(({ Type, Name, Destination }) =>
    Type === "volume" && Name && anonymous.has(Name) ? [{ name: Name, target: Destination }] : [],
  );
}

const anonymousLabel = "com.docker.volume.anonymous";
