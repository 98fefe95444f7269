/**
 * What of a project is not as its files say, object by object: what `gantry diff` tells.
 *
 * Pure. The very comparison that plans are drawn from, without operations: nothing of pulls, waits and hooks.
 */
import type { Project } from "../../compose/project.js";
import { composeLabels } from "../../wire/labels.js";
import { isCompletedJob, type ServiceVerdict } from "../judge-service.js";
import type { ObservedState } from "../observed.js";
import type { FieldChange } from "../operation.js";
import { observedNetwork } from "../plan-networks.js";
import { judgeServices, orphansOf } from "../plan-up.js";
import { volumeKeysOf } from "../plan-volumes.js";
import { containerName } from "../service/names.js";
import { isUp } from "../up-draft.js";
import { selectContainers, type UpOptions } from "../up-options.js";
import { networkChanges, volumeChanges } from "./definition-changes.js";

/** One object: how it is, and for one that is there but differs, in which fields. */
export interface Drift {
  readonly kind: "container" | "network" | "volume";
  readonly name: string;
  readonly service?: string;
  readonly state: "missing" | "differs" | "stopped" | "superfluous";
  /** For people. */
  readonly reason: string;
  readonly changes: readonly FieldChange[];
}

/** Containers, then networks, then volumes, each in the order of the model. */
export function driftOf(project: Project, observed: ObservedState, options: UpOptions): Drift[] {
  const selected = selectContainers(project, options);
  const verdicts = [...judgeServices(project, observed, options).values()];
  const orphans = options.services.length > 0 ? [] : orphansOf(project, observed);
  const networks = new Set(selected.flatMap(({ networks: places }) => [...places.keys()]));
  const volumes = new Set(selected.flatMap(volumeKeysOf));
  return [
    ...verdicts.flatMap((verdict) => ofService(project, verdict)),
    ...orphans.map(({ name, service }) => superfluous(name, service, `no service "${service}"`)),
    ...[...networks].sort().flatMap((key) => ofNetwork(project, observed, key)),
    ...[...volumes].sort().flatMap((key) => ofVolume(project, observed, key)),
  ];
}

function ofService(project: Project, { service, keep, recreate, remove, create }: ServiceVerdict): Drift[] {
  const about = (name: string) => ({ kind: "container" as const, name, service: service.name });
  const isJob = [...project.services.values()].some(
    (other) => other.depends_on.get(service.name)?.condition === "service_completed_successfully",
  );
  return [
    ...create.map((number): Drift => {
      const name = containerName(project.name, service, number);
      return { ...about(name), state: "missing", reason: "container is missing", changes: [] };
    }),
    ...recreate.map(
      ({ container, cause }): Drift => ({
        ...about(container.name),
        ...{ state: "differs", reason: cause.reason, changes: cause.changes ?? [] },
      }),
    ),
    ...keep.flatMap(({ container, amend, restart, renameTo }): Drift[] => {
      const changes = [
        ...(amend?.changes ?? []),
        ...(restart?.changes ?? []).filter((one) => one.action === "restart"),
      ];
      const renamed =
        renameTo === undefined
          ? []
          : [{ path: `services.${service.name}.container_name`, old: container.name, new: renameTo }];
      const reason = restart?.reason ?? amend?.reason ?? "configuration changed";
      const all = [...changes, ...renamed];
      if (all.length > 0) return [{ ...about(container.name), state: "differs", reason, changes: all }];
      if (isUp(container) || isCompletedJob(container, service, isJob)) return [];
      return [{ ...about(container.name), state: "stopped", reason: `container is ${container.state}`, changes: [] }];
    }),
    ...remove.map(({ container, cause }) => superfluous(container.name, service.name, cause.reason)),
  ];
}

function superfluous(name: string, service: string, reason: string): Drift {
  return { kind: "container", name, service, state: "superfluous", reason, changes: [] };
}

function ofNetwork(project: Project, observed: ObservedState, key: string): Drift[] {
  const spec = project.networks.get(key);
  if (!spec) return [];
  const live = observedNetwork(project, observed, spec);
  const about = { kind: "network" as const, name: spec.name };
  if (!live) return [{ ...about, state: "missing", reason: "network is missing", changes: [] }];
  if (spec.external || live.labels[composeLabels.project] !== project.name) return [];
  const changes = networkChanges(project, spec, live);
  return changes.length > 0 ? [{ ...about, state: "differs", reason: "configuration changed", changes }] : [];
}

function ofVolume(project: Project, observed: ObservedState, key: string): Drift[] {
  const spec = project.volumes.get(key);
  if (!spec) return [];
  const live = observed.volumes.find(({ name }) => name === spec.name);
  const about = { kind: "volume" as const, name: spec.name };
  if (!live) return [{ ...about, state: "missing", reason: "volume is missing", changes: [] }];
  if (spec.external || live.labels[composeLabels.project] !== project.name) return [];
  const changes = volumeChanges(project, spec, live);
  return changes.length > 0 ? [{ ...about, state: "differs", reason: "configuration changed", changes }] : [];
}
