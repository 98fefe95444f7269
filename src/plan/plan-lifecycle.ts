/** Plans `stop`, `start`, `restart`, `kill`, `rm`, `pause` and `unpause` of existing containers. Pure. */
import { GantryError } from "../base/errors.js";
import type { Project } from "../compose/project.js";
import type { ServiceVerdict } from "./judge-service.js";
import type { ObservedContainer, ObservedState } from "./observed.js";
import type { Plan } from "./operation.js";
import { PlanBuilder } from "./plan-builder.js";
import { dependentsOf, removeAnonymous, stopOrder } from "./plan-down.js";
import { planStarts } from "./plan-starts.js";
import { noSuchService } from "./service/no-such-service.js";
import { addPostStart, addPreStop } from "./steps/hooks.js";
import { endProvisions } from "./steps/provisions.js";
import { isUp, newDraft, refOf, requestStart, type UpDraft } from "./up-draft.js";
import { defaultUpOptions, desiredScale, selectContainers, selectServices } from "./up-options.js";

/** Services empty: all. */
export interface LifecycleOptions {
  readonly services: readonly string[];
  readonly timeoutS?: number;
}

/** Stops running replicas, dependents first. */
export function planStop(project: Project, observed: ObservedState, options: LifecycleOptions): Plan {
  const builder = new PlanBuilder();
  const dependents = dependentsOf(project);
  const stops = new Map<string, string[]>();
  const concerned = replicasOf(project, observed, options.services);
  for (const service of stopOrder(project, concerned)) {
    const before = (dependents.get(service) ?? []).flatMap((name) => stops.get(name) ?? []);
    const own = concerned
      .filter((container) => container.service === service && isUp(container))
      .map((container) =>
        builder.add(
          { kind: "stop-container", container: refOf(container), ...timeout(options) },
          "asked for",
          addPreStop(builder, project, container, { settled: before }),
        ),
      );
    stops.set(service, own.length > 0 ? own : before);
  }
  endProvisions(builder, project, { command: "stop", services: options.services, settled: stops });
  return builder.build(project.name);
}

/**
 * Starts existing replicas of the services and of what they depend on, in order and gated. Throws "container-not-
 * found" for a service that has none.
 */
export function planStart(
  project: Project,
  observed: ObservedState,
  options: LifecycleOptions & { wait: boolean; waitTimeoutMs?: number },
): Plan {
  const selected = selectContainers(project, { services: options.services, noDeps: false });
  const verdicts = new Map<string, ServiceVerdict>();
  const draft = startDraft(project, observed, { selected, verdicts, options });
  for (const service of selected) {
    const replicas = observed.containers.filter((c) => c.service === service.name && !c.isOneOff);
    if (replicas.length === 0 && desiredScale(service, draft.options) > 0) {
      throw new GantryError("container-not-found", `service "${service.name}" has no container to start`, {
        hint: `Create it: gantry up -d ${service.name}`,
      });
    }
    const keep = replicas.map((container) => ({ container }));
    verdicts.set(service.name, { service, hash: "", keep, recreate: [], remove: [], create: [] });
    for (const container of replicas.filter((one) => !isUp(one))) {
      requestStart(draft, { container: refOf(container), after: [], cause: "asked for" });
    }
  }
  planStarts(draft);
  return draft.builder.build(project.name);
}

/** Restarts replicas in every state, and after them those that declare `restart: true` on their service. */
export function planRestart(
  project: Project,
  observed: ObservedState,
  options: LifecycleOptions & { noDeps: boolean },
): Plan {
  const builder = new PlanBuilder();
  const named = new Set(replicasOf(project, observed, options.services).map((container) => container.service));
  const restarts = new Map<string, string[]>();
  for (const service of selectServices(project, [], false)) {
    const followed = [...service.depends_on].filter(([name, on]) => on.restart && restarts.has(name));
    if (!named.has(service.name) && (options.noDeps || followed.length === 0)) continue;
    const after = followed.flatMap(([name]) => restarts.get(name) ?? []);
    const reason = named.has(service.name) ? "asked for" : `restarts with ${followed.map(([name]) => name).join(", ")}`;
    const ids = replicasOf(project, observed, [service.name]).map((replica) => {
      const container = refOf(replica);
      const restart = { kind: "restart-container", container, ...timeout(options) } as const;
      const started = builder.add(restart, reason, addPreStop(builder, project, replica, { after }));
      return addPostStart(builder, project, { container, started });
    });
    restarts.set(service.name, ids);
  }
  return builder.build(project.name);
}

/** Sends a signal to running containers, one-offs included, all at once. */
export function planKill(
  project: Project,
  observed: ObservedState,
  options: { services: readonly string[]; signal: string; removeOrphans: boolean },
): Plan {
  const builder = new PlanBuilder();
  checkServices(project, observed, options.services);
  for (const container of observed.containers.filter((one) => one.state === "running" || one.state === "paused")) {
    const isKnown = project.services.has(container.service) || project.disabledServices.includes(container.service);
    const isAsked = options.services.length > 0 ? options.services.includes(container.service) : isKnown;
    if (!isAsked && !options.removeOrphans) continue;
    builder.add({ kind: "kill-container", container: refOf(container), signal: options.signal }, "asked for");
  }
  return builder.build(project.name);
}

/** Removes stopped replicas; with `stop`, running ones too, after they were stopped. */
export function planRemove(
  project: Project,
  observed: ObservedState,
  options: { services: readonly string[]; stop: boolean; volumes: boolean; trash?: boolean },
): Plan {
  const builder = new PlanBuilder();
  const doomed = replicasOf(project, observed, options.services).filter((one) => options.stop || !isUp(one));
  const settled: string[] = [];
  for (const container of doomed) {
    const stopped = isUp(container)
      ? [
          builder.add(
            { kind: "stop-container", container: refOf(container) },
            "asked for",
            addPreStop(builder, project, container),
          ),
        ]
      : [];
    const volumes = options.volumes && !options.trash;
    const step = { kind: "remove-container", container: refOf(container), force: true, volumes } as const;
    settled.push(builder.add(step, "asked for", { after: stopped }));
  }
  if (options.volumes && options.trash) removeAnonymous(builder, project, { observed, doomed, settled });
  return builder.build(project.name);
}

/** Freezes or thaws the replicas that are not yet so. */
export function planPause(
  project: Project,
  observed: ObservedState,
  { services, pause }: { services: readonly string[]; pause: boolean },
): Plan {
  const builder = new PlanBuilder();
  for (const container of replicasOf(project, observed, services)) {
    if (pause && container.state === "running") {
      builder.add({ kind: "pause-container", container: refOf(container) }, "asked for");
    }
    if (!pause && container.state === "paused") {
      builder.add({ kind: "unpause-container", container: refOf(container) }, "asked for");
    }
  }
  return builder.build(project.name);
}

/** Replicas of the named services, or all; throws "bad-parameter" for a name that nothing bears. */
export function replicasOf(project: Project, observed: ObservedState, names: readonly string[]): ObservedContainer[] {
  checkServices(project, observed, names);
  return observed.containers.filter((container) => {
    if (container.isOneOff) return false;
    return names.length > 0 ? names.includes(container.service) : project.services.has(container.service);
  });
}

function checkServices(project: Project, observed: ObservedState, names: readonly string[]): void {
  const known = new Set([...project.services.keys(), ...project.disabledServices]);
  for (const name of names) {
    if (!known.has(name) && !observed.containers.some((container) => container.service === name)) {
      throw noSuchService(name, known);
    }
  }
}

function startDraft(
  project: Project,
  observed: ObservedState,
  what: Pick<UpDraft, "selected"> & {
    verdicts: Map<string, ServiceVerdict>;
    options: LifecycleOptions & { wait: boolean; waitTimeoutMs?: number };
  },
): UpDraft {
  const { services, wait, waitTimeoutMs } = what.options;
  const options = { ...defaultUpOptions, services, wait, ...(waitTimeoutMs ? { waitTimeoutMs } : {}) };
  return newDraft({ project, observed, options, selected: what.selected, verdicts: what.verdicts });
}

function timeout({ timeoutS }: LifecycleOptions): { timeoutS?: number } {
  return timeoutS === undefined ? {} : { timeoutS };
}
