/**
 * Plans `down`: containers dependents first, then networks, and volumes and images where asked.
 *
 * Pure. What is in use by others stays, and says so when it is tried.
 */
import type { Project, Service } from "../compose/project.js";
import { composeLabels, devJobLabel } from "../wire/labels.js";
import { anonymousMounts } from "./history/removed-by.js";
import type { ObservedContainer, ObservedState } from "./observed.js";
import type { Plan } from "./operation.js";
import { PlanBuilder } from "./plan-builder.js";
import { orphansOf } from "./plan-up.js";
import { imageNameOf } from "./service/names.js";
import { noSuchService } from "./service/no-such-service.js";
import { addPreStop } from "./steps/hooks.js";
import { endProvisions } from "./steps/provisions.js";
import { isUp, refOf } from "./up-draft.js";
import { neededBy } from "./up-options.js";

export interface DownOptions {
  /** Empty means the whole project, its networks included. */
  readonly services: readonly string[];
  /** Named volumes of the project, and anonymous ones of its containers. */
  readonly volumes: boolean;
  /** Volumes go to the engine's trash. */
  readonly trash?: boolean;
  readonly removeOrphans: boolean;
  readonly timeoutS?: number;
  /** `local`: images that were built for the project; `all`: every image its services use. */
  readonly rmi?: "local" | "all";
}

/** Throws "bad-parameter" for a named service that is neither in the files nor running. */
export function planDown(project: Project, observed: ObservedState, options: DownOptions): Plan {
  const builder = new PlanBuilder();
  const orphans = new Set(orphansOf(project, observed));
  const doomed = observed.containers
    .filter((container) => isDoomed(container, options, orphans))
    .sort((a, b) => a.number - b.number); // `web-2` before `web-10`
  checkNames(project, observed, options.services);
  const stopsOf = new Map<string, string[]>();
  const removals = removeContainers(builder, project, { doomed, options, stopsOf });
  endProvisions(builder, project, { command: "down", services: options.services, settled: stopsOf });
  const isWhole = options.services.length === 0;
  if (isWhole) removeNetworks(builder, project, observed, removals);
  if (options.volumes && options.trash) removeAnonymous(builder, project, { observed, doomed, settled: removals });
  if (isWhole && options.volumes) removeVolumes(builder, project, { observed, options, settled: removals });
  if (isWhole && options.rmi) removeImages(builder, project, { observed, rmi: options.rmi, removals });
  const left = [...orphans].filter((container) => !container.isOneOff);
  if (isWhole && !options.removeOrphans && left.length > 0) {
    const names = left.map((container) => container.name).join(", ");
    builder.warn(`Found orphan containers (${names}) for this project.`, "Remove them with --remove-orphans.");
  }
  return builder.build(project.name);
}

/** Services that depend on each service, by name; a service stops when all of these have. */
export function dependentsOf(project: Project): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>();
  for (const service of project.services.values()) {
    for (const name of neededBy(service)) dependents.set(name, [...(dependents.get(name) ?? []), service.name]);
  }
  return dependents;
}

/** Every service name with containers or in the files, dependents before dependencies. */
export function stopOrder(project: Project, containers: readonly ObservedContainer[]): string[] {
  const dependents = dependentsOf(project);
  const ordered: string[] = [];
  const visited = new Set<string>();
  const visit = (name: string) => {
    if (visited.has(name)) return;
    visited.add(name);
    for (const dependent of [...(dependents.get(name) ?? [])].sort()) visit(dependent);
    ordered.push(name);
  };
  for (const name of [...new Set(containers.map((container) => container.service))].sort()) visit(name);
  return ordered;
}

function isDoomed(
  container: ObservedContainer,
  options: DownOptions,
  orphans: ReadonlySet<ObservedContainer>,
): boolean {
  const isOneOff = container.isOneOff && !container.isHook;
  if (options.services.length > 0) return !isOneOff && options.services.includes(container.service);
  return options.removeOrphans || container.isHook === true || (!container.isOneOff && !orphans.has(container));
}

function checkNames(project: Project, observed: ObservedState, names: readonly string[]): void {
  for (const name of names) {
    const isKnown =
      project.services.has(name) ||
      project.disabledServices.includes(name) ||
      observed.containers.some((container) => container.service === name);
    if (!isKnown) throw noSuchService(name, [...project.services.keys(), ...project.disabledServices]);
  }
}

function removeContainers(
  builder: PlanBuilder,
  project: Project,
  {
    doomed,
    options,
    stopsOf,
  }: { doomed: readonly ObservedContainer[]; options: DownOptions; stopsOf: Map<string, string[]> },
): string[] {
  const dependents = dependentsOf(project);
  const removals: string[] = [];
  for (const service of stopOrder(project, doomed)) {
    // A service with nothing to stop hands on what its dependents do.
    const before = (dependents.get(service) ?? []).flatMap((name) => stopsOf.get(name) ?? []);
    const stops: string[] = [];
    for (const container of doomed.filter((one) => one.service === service)) {
      const stop = isUp(container) ? [addStop(builder, project, { container, options, before })] : [];
      stops.push(...stop);
      removals.push(
        builder.add(
          {
            kind: "remove-container",
            container: refOf(container),
            force: true,
            volumes: options.volumes && !options.trash,
          },
          "project goes down",
          { after: stop },
        ),
      );
    }
    stopsOf.set(service, stops.length > 0 ? stops : before);
  }
  return removals;
}

function addStop(
  builder: PlanBuilder,
  project: Project,
  { container, options, before }: { container: ObservedContainer; options: DownOptions; before: readonly string[] },
): string {
  const { timeoutS } = options;
  const step = { kind: "stop-container", container: refOf(container) } as const;
  const edges = addPreStop(builder, project, container, { settled: before });
  return builder.add(timeoutS === undefined ? step : { ...step, timeoutS }, "project goes down", edges);
}

function removeNetworks(
  builder: PlanBuilder,
  project: Project,
  observed: ObservedState,
  settled: readonly string[],
): void {
  for (const network of observed.networks) {
    if (network.labels[composeLabels.project] !== project.name) continue;
    builder.add(
      { kind: "remove-network", name: network.name, networkId: network.id, leaveIfUsed: true },
      "project goes down",
      { settled },
    );
  }
}

/**
 * Declared ones, and marks of jobs, which say what is in them: a volume of an earlier version of the files may hold the
 * only copy of something.
 */
function removeVolumes(
  builder: PlanBuilder,
  project: Project,
  { observed, options, settled }: { observed: ObservedState; options: DownOptions; settled: readonly string[] },
): void {
  const declared = new Set([...project.volumes.values()].flatMap((spec) => (spec.external ? [] : [spec.name])));
  for (const volume of observed.volumes) {
    const isOwn = volume.labels[composeLabels.project] === project.name;
    if (isOwn && (declared.has(volume.name) || volume.labels[devJobLabel] !== undefined)) {
      const step = { kind: "remove-volume", name: volume.name } as const;
      builder.add(options.trash ? { ...step, toTrash: true } : step, "--volumes", { settled });
    }
  }
}

/** By name, since the engine would remove them for good along with their containers. */
export function removeAnonymous(
  builder: PlanBuilder,
  project: Project,
  what: { observed: ObservedState; doomed: readonly ObservedContainer[]; settled: readonly string[] },
): void {
  const { observed, doomed, settled } = what;
  const declared = new Set([...project.volumes.values()].map(({ name }) => name));
  const names = doomed.flatMap((container) => anonymousMounts(container, observed).map(({ name }) => name));
  for (const name of [...new Set(names)].sort()) {
    if (declared.has(name)) continue;
    builder.add({ kind: "remove-volume", name, toTrash: true }, "anonymous volume", { settled, isStep: true });
  }
}

function removeImages(
  builder: PlanBuilder,
  project: Project,
  what: { observed: ObservedState; rmi: "local" | "all"; removals: readonly string[] },
): void {
  const isAsked = (service: Service) => what.rmi === "all" || (service.build !== undefined && !service.image);
  const names = [...project.services.values()].filter(isAsked).map((service) => imageNameOf(project.name, service));
  for (const image of [...new Set(names)].sort().filter((name) => what.observed.images.has(name))) {
    builder.add({ kind: "remove-image", image }, `--rmi ${what.rmi}`, { settled: what.removals });
  }
}
