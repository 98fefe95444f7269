/** Finds the containers of a project that a command is about, by their labels. */
import { GantryError } from "../../../base/errors.js";
import { noSuchService } from "../../../plan/service/no-such-service.js";
import type { ContainerSummary } from "../../../wire/container.js";
import { composeLabels } from "../../../wire/labels.js";
import type { CliContext } from "../../context.js";
import { nameOf } from "../../views/ps-view.js";
import { loadProjectOrName, type ProjectOrName, wholeNumber } from "./load.js";

export interface ReplicaQuery {
  /** Stopped ones too. */
  readonly all?: boolean;
  /** One-offs too. */
  readonly oneOffs?: boolean;
  /** Empty: all. */
  readonly services?: readonly string[];
}

/** By name. Throws "bad-parameter" for a service that nothing bears; undefined when the files have errors. */
export async function findReplicas(context: CliContext, query: ReplicaQuery): Promise<ContainerSummary[] | undefined> {
  const known = await loadProjectOrName(context);
  return known && findReplicasOf(context, known, query);
}

/** The same of a project that is loaded. */
export async function findReplicasOf(
  context: CliContext,
  known: ProjectOrName,
  query: ReplicaQuery,
): Promise<ContainerSummary[]> {
  const client = await context.connect();
  const { services = [], all = false, oneOffs = false } = query;
  const label = [`${composeLabels.project}=${known.name}`];
  const found = await client.containers.list({ all, filters: { label } }, { signal: context.signal });
  const names = [...(known.project?.services.keys() ?? []), ...(known.project?.disabledServices ?? [])];
  for (const service of services) {
    if (known.project && !names.includes(service) && !found.some((one) => serviceOf(one) === service)) {
      throw noSuchService(service, names);
    }
  }
  return found
    .filter((one) => oneOffs || !isOneOff(one))
    .filter((one) => services.length === 0 || services.includes(serviceOf(one)))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/**
 * Replica `index`, or the lowest-numbered; replicas before one-offs. Undefined when the files have errors. Throws
 * "container-not-running".
 */
export async function runningReplica(
  context: CliContext,
  service: string,
  { index, all = false }: { index?: string | undefined; all?: boolean },
): Promise<ContainerSummary | undefined> {
  const number = index === undefined || index === "0" ? undefined : wholeNumber(index, "--index", 1);
  const containers = await findReplicas(context, { all, oneOffs: true, services: [service] });
  if (!containers) return undefined;
  const [first] = containers
    .filter((one) => number === undefined || numberOf(one) === number)
    .sort((a, b) => Number(isOneOff(a)) - Number(isOneOff(b)) || numberOf(a) - numberOf(b));
  if (first) return first;
  const which = number === undefined ? "" : ` container #${number}`;
  throw new GantryError("container-not-running", `service "${service}" is not running${which}`, {
    hint: `Start it: gantry up -d ${service}`,
  });
}

/** "" for a container that no service has. */
export function serviceOf(container: ContainerSummary): string {
  return container.Labels[composeLabels.service] ?? "";
}

/** 0 for a one-off. */
export function numberOf(container: ContainerSummary): number {
  return Number(container.Labels[composeLabels.containerNumber] ?? 0);
}

/** True for a container of `run`. */
export function isOneOff(container: ContainerSummary): boolean {
  return container.Labels[composeLabels.oneoff] === "True";
}
