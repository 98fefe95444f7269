/**
 * Plans the containers of each service: create, replace, remove. Starting them is `plan-starts.ts`.
 *
 * Pure. A replacement is created beside the old container under a temporary name, so that a bad configuration fails
 * while the old one still runs; then old is stopped and removed, and the new one gets the name. Anonymous volumes move
 * on to it.
 */
import type { Service } from "../compose/project.js";
import { fieldDigests } from "./compare/field-digests.js";
import { addAmendments } from "./compare/plan-amendments.js";
import { isCompletedJob, type KeptContainer, replicaName, type ServiceVerdict } from "./judge-service.js";
import type { ObservedContainer } from "./observed.js";
import type { Cause, ContainerRef } from "./operation.js";
import type { Edges } from "./plan-builder.js";
import { volumeKeysOf } from "./plan-volumes.js";
import { drainMsOf } from "./rollout/update-policy.js";
import { containerBody } from "./service/container-body.js";
import { placeOf } from "./service/field-changes.js";
import { type InheritedMount, inheritedMounts } from "./service/mounts.js";
import {
  containerLabels,
  containerName,
  imageNameOf,
  imagesOf,
  nameBehindTemporary,
  temporaryName,
} from "./service/names.js";
import { stopFollowers } from "./steps/followers.js";
import { provisionsOf, type ToldBody, toldBody } from "./steps/provisions.js";
import { isUp, refOf, requestStart, stopOnce, type UpDraft } from "./up-draft.js";
import { sharedServices } from "./up-options.js";

/** Fills `draft.toStart`, services in dependency order. */
export function planContainers(draft: UpDraft): void {
  for (const service of draft.selected) {
    const verdict = draft.verdicts.get(service.name);
    if (!verdict) continue;
    // What is replaced by `update_config` serves on: who restarts with it does so afterwards (`restartFollowers`).
    const isReplaced = verdict.recreate.length > 0 && !isRolledOut(draft, service);
    const isStopped = isReplaced || verdict.keep.some(({ restart }) => restart);
    const stopped = isStopped ? stopFollowers(draft, service.name) : [];
    for (const { container, cause } of verdict.remove) removeReplica(draft, container, cause);
    if (verdict.recreate.length > 0 && isRolledOut(draft, service)) {
      draft.rollouts.set(service.name, { replacements: verdict.recreate, stopped });
    } else {
      for (const one of verdict.recreate) replaceReplica(draft, verdict, { ...one, stopped });
    }
    for (const number of verdict.create) createReplica(draft, verdict, number);
    for (const one of verdict.keep) keepReplica(draft, service, { kept: one, stopped });
  }
}

/** Its containers are replaced while they run, some at a time: `rollout/plan-rollout.ts`. */
function isRolledOut({ options }: UpDraft, service: Service): boolean {
  return service.update_config !== undefined && !options.noStart;
}

function removeReplica(draft: UpDraft, container: ObservedContainer, cause: Cause): void {
  const after = stopOnce(draft, container, cause.reason, drained(draft, container));
  const removed = draft.builder.add(
    // What was down may have been on its way up, when the command that started it was killed.
    { kind: "remove-container", container: refOf(container), force: !isUp(container), volumes: false },
    cause,
    { after },
  );
  draft.removals.set(container.name, removed);
}

/** What an interrupted update left may still have connections under way. */
function drained(draft: UpDraft, container: ObservedContainer): Edges {
  const service = draft.project.services.get(container.service);
  if (!container.isOnStandby || !isUp(container) || !service) return {};
  const drain = { kind: "drain-container", container: refOf(container), limitMs: drainMsOf(service) } as const;
  return { after: [draft.builder.add(drain, "connections under way", { isStep: true })] };
}

function createReplica(draft: UpDraft, verdict: ServiceVerdict, number: number): void {
  const { service } = verdict;
  const name = containerName(draft.project.name, service, number);
  const created = draft.builder.add(
    {
      kind: "create-container",
      service: service.name,
      name,
      finalName: name,
      number,
      ...bodyOf(draft, verdict, { number, inherited: [] }),
    },
    "container is missing",
    { after: prerequisites(draft, service) },
  );
  const container = { name, service: service.name, createdBy: created };
  requestStart(draft, { container, after: [created], cause: "container is new" });
}

/** Makes a replacement beside the old container, under a temporary name; the operation. */
export function createReplacement(
  draft: UpDraft,
  verdict: ServiceVerdict,
  replacement: {
    readonly container: ObservedContainer;
    readonly cause: Cause;
    readonly after?: readonly string[];
    readonly settled?: readonly string[];
    readonly standby?: boolean;
  },
): string {
  const { container: old, cause, after = [], settled = [], standby = false } = replacement;
  const { service } = verdict;
  const { number } = old;
  const finalName = containerName(draft.project.name, service, number);
  const name = temporaryName(old.id, finalName);
  const inherited = draft.options.renewAnonymousVolumes ? [] : inheritedMounts(draft, service, old);
  const told = bodyOf(draft, verdict, { number, inherited, replaces: finalName });
  const body = standby ? { ...told.body, HostConfig: { ...told.body.HostConfig, GantryStandby: true } } : told.body;
  // What an interrupted replacement left has the name.
  const freed = draft.removals.get(name);
  return draft.builder.add(
    { kind: "create-container", service: service.name, name, finalName, number, ...told, body },
    cause,
    {
      after: [...prerequisites(draft, service), ...(freed === undefined ? [] : [freed]), ...after],
      settled,
      isStep: true,
    },
  );
}

/** The old container is stopped and removed before the new one gets its name; what must be done before its start. */
export function replaceInPlace(
  draft: UpDraft,
  verdict: ServiceVerdict,
  replacement: {
    readonly container: ObservedContainer;
    readonly cause: Cause;
    readonly created: string;
    readonly stopCause?: Cause;
    readonly stopped: readonly string[];
    readonly update?: Edges["update"];
  },
): { readonly container: ContainerRef; readonly renamed: string } {
  const { container: old, cause, created, stopCause = { reason: "replaced" }, stopped, update } = replacement;
  const { service } = verdict;
  const finalName = containerName(draft.project.name, service, old.number);
  const part = update ? { update } : {};
  // A container that has stepped off a changed network is down already, and its place may be needed.
  const down = stopOnce(draft, old, stopCause, { after: [created, ...stopped], isStep: true, ...part });
  const removed = draft.builder.add(
    { kind: "remove-container", container: refOf(old), force: !isUp(old), volumes: false },
    "replaced",
    { after: [created, ...down], isStep: true, finishes: down, ...part },
  );
  const container = { name: finalName, service: service.name, createdBy: created };
  const renamed = draft.builder.add({ kind: "rename-container", container, to: finalName }, cause, {
    after: [removed],
    finishes: [removed],
  });
  return { container, renamed };
}

function replaceReplica(
  draft: UpDraft,
  verdict: ServiceVerdict,
  replacement: { container: ObservedContainer; cause: Cause; stopped: readonly string[] },
): void {
  const created = createReplacement(draft, verdict, replacement);
  const { container, renamed } = replaceInPlace(draft, verdict, { ...replacement, created });
  requestStart(draft, { container, after: [renamed], finishes: [renamed], cause: "container was replaced" });
}

function keepReplica(
  draft: UpDraft,
  service: Service,
  { kept, stopped }: { kept: KeptContainer; stopped: readonly string[] },
): void {
  const { container, renameTo, restart } = kept;
  const name = replicaName(draft.project, service, container);
  const ref = refOf(container, name);
  const renamed =
    renameTo === undefined
      ? []
      : [
          draft.builder.add(
            { kind: "rename-container", container: ref, to: renameTo },
            whyRename(draft, container, service),
          ),
        ];
  // What it was made to replace is gone.
  const published = container.isOnStandby
    ? [draft.builder.add({ kind: "take-over", container: ref }, "it stands by, and there is nobody to replace")]
    : [];
  const amended = addAmendments(draft, { service, ref, kept });
  if (restart && isUp(container)) stopOnce(draft, container, restart, { after: stopped });
  const stop = draft.stops.get(container.id);
  const steppedOff = draft.steppedOff.get(container.id) ?? [];
  const after = [...renamed, ...published, ...amended, ...steppedOff, ...(stop === undefined ? [] : [stop])];
  if (stop !== undefined) requestStart(draft, { container: ref, after, cause: "was stopped for this change" });
  else if (container.state === "paused" && !draft.options.noStart) {
    draft.builder.add({ kind: "unpause-container", container: ref }, "container is paused", { after });
  } else if (!isUp(container) && !isCompletedJob(container, service, isAwaitedAsJob(draft, service.name))) {
    requestStart(draft, { container: ref, after, cause: whyStart(container) });
  }
}

function whyRename({ project }: UpDraft, container: ObservedContainer, service: Service): Cause {
  if (nameBehindTemporary(container.name) !== undefined) {
    return { reason: "a replacement was interrupted before it got its name" };
  }
  const path = `services.${service.name}.container_name`;
  const source = placeOf(project, path);
  const change = { path, old: container.name, new: replicaName(project, service, container), action: "live" as const };
  return { reason: "configuration changed", changes: [{ ...change, ...(source ? { source } : {}) }] };
}

function whyStart({ state, exitCode }: ObservedContainer): string {
  if (state === "created") return "container was never started";
  return exitCode === undefined ? "container is not running" : `container exited with code ${exitCode}`;
}

/** True when some service waits for this one to complete: a job, whatever its engine says about its last exit. */
function isAwaitedAsJob(draft: UpDraft, name: string): boolean {
  return [...draft.project.services.values()].some(
    (service) => service.depends_on.get(name)?.condition === "service_completed_successfully",
  );
}

function bodyOf(
  draft: UpDraft,
  { service, hash }: ServiceVerdict,
  facts: { number: number; inherited: readonly InheritedMount[]; replaces?: string },
): ToldBody {
  const { project, observed, options, pulls } = draft;
  const imageName = imageNameOf(project.name, service);
  const image = pulls.has(imageName) ? undefined : observed.images.get(imageName);
  const labels = containerLabels(project, service, {
    number: facts.number,
    hash,
    digests: fieldDigests(project, service, observed),
    version: options.version,
    ...(image ? { imageId: image.Id } : {}),
    ...(facts.replaces === undefined ? {} : { replaces: facts.replaces }),
  });
  return toldBody(draft, service, containerBody(project, service, { labels, inherited: facts.inherited }));
}

/** What must be there before a container of the service can be made. */
export function prerequisites(draft: UpDraft, service: Service): string[] {
  const images = imagesOf(draft.project.name, service);
  return [
    ...images.flatMap((image) => draft.pulls.get(image) ?? []),
    ...provisionsOf(service, draft),
    ...[...service.networks.keys()].flatMap((key) => draft.networkReady.get(key) ?? []),
    ...volumeKeysOf(service).flatMap((key) => draft.volumeReady.get(key) ?? []),
    ...sharedServices(service).flatMap((name) => (draft.toStart.get(name) ?? []).flatMap(({ after }) => after)),
  ];
}
