/**
 * Plans `up`: what must change so that the project's containers, networks and volumes are what its files ask for.
 *
 * Pure and deterministic. The steps: images, networks, volumes, containers (in dependency order), starts and gates,
 * orphans. Follows Docker Compose in names, labels and in what makes it recreate a container.
 */
import type { Project } from "../compose/project.js";
import { steppingOff } from "./compare/why-change.js";
import { judgeService, type ServiceVerdict } from "./judge-service.js";
import type { ObservedContainer, ObservedState } from "./observed.js";
import type { Plan } from "./operation.js";
import { planContainers } from "./plan-containers.js";
import { planImages } from "./plan-images.js";
import { networksToRecreate, observedNetwork, planNetworks } from "./plan-networks.js";
import { planStarts } from "./plan-starts.js";
import { planVolumes } from "./plan-volumes.js";
import { checkSupported } from "./steps/check-supported.js";
import { planProvisions } from "./steps/provisions.js";
import { newDraft, refOf, stopOnce, type UpDraft } from "./up-draft.js";
import { optionalServices, selectContainers, selectServices, type UpOptions } from "./up-options.js";

/**
 * Throws "bad-parameter" for an unknown service, "network-not-found" and "volume-not-found" for missing external ones,
 * "image-not-found" when the policy forbids the pull, "not-supported" for what this version cannot do.
 */
export function planUp(project: Project, observed: ObservedState, options: UpOptions): Plan {
  for (const name of options.scale.keys()) selectServices(project, [name], true);
  const selected = selectContainers(project, options);
  const draft = newDraft({ project, observed, options, selected, verdicts: judgeServices(project, observed, options) });
  prepare(draft);
  planContainers(draft);
  if (!options.noStart) planStarts(draft);
  planOrphans(draft);
  return draft.builder.build(project.name, optionalServices(project, options.services));
}

/** What must be there before containers are made. Throws as `planUp`. */
export function prepare(draft: UpDraft): void {
  const { project, options, selected } = draft;
  checkSupported(project, selected);
  planProvisions({ ...draft, selected: selectServices(project, options.services, options.noDeps) });
  planImages(draft);
  planNetworks(draft);
  planVolumes(draft);
}

/** The verdict on each selected service, dependencies first, because a shared namespace passes recreation on. */
export function judgeServices(
  project: Project,
  observed: ObservedState,
  options: UpOptions,
): ReadonlyMap<string, ServiceVerdict> {
  const selected = selectContainers(project, options);
  const changed = networksToRecreate(project, observed, selected);
  const networkIds = new Map(
    [...project.networks].map(([key, spec]): [string, string | undefined] => [
      key,
      changed.has(key) ? steppingOff : observedNetwork(project, observed, spec)?.id,
    ]),
  );
  const recreated = new Set<string>();
  const restarted = new Set<string>();
  const verdicts = new Map<string, ServiceVerdict>();
  for (const service of selected) {
    const verdict = judgeService(service, { project, observed, options, networkIds, recreated, restarted });
    if (verdict.recreate.length > 0) recreated.add(service.name);
    if (verdict.keep.some(({ restart }) => restart)) restarted.add(service.name);
    verdicts.set(service.name, verdict);
  }
  return verdicts;
}

/** Containers of the project whose service the files no longer have, and one-offs that have ended. */
export function orphansOf(project: Project, observed: ObservedState): ObservedContainer[] {
  return observed.containers.filter((container) => {
    if (container.isOneOff && !container.isHook) return container.state === "exited" || container.state === "dead";
    return !project.services.has(container.service) && !project.disabledServices.includes(container.service);
  });
}

/** Removes them where asked, else warns of them. */
export function planOrphans(draft: UpDraft): void {
  const orphans = orphansOf(draft.project, draft.observed);
  if (orphans.length === 0) return;
  if (!draft.options.removeOrphans) {
    if (draft.options.ignoreOrphans) return;
    const names = orphans.map((container) => container.name).join(", ");
    draft.builder.warn(
      `Found orphan containers (${names}) for this project.`,
      "If you removed or renamed this service in your compose file, run this command with --remove-orphans.",
    );
    return;
  }
  for (const container of orphans) {
    const reason = container.isOneOff ? "finished one-off container" : `orphan: no service "${container.service}"`;
    const stopped = stopOnce(draft, container, reason);
    draft.builder.add({ kind: "remove-container", container: refOf(container), force: false, volumes: false }, reason, {
      after: stopped,
    });
  }
}
