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
import type { Cause } from "./operation.js";
import { volumeKeysOf } from "./plan-volumes.js";
import { containerBody } from "./service/container-body.js";
import { placeOf } from "./service/field-changes.js";
import type { InheritedMount } from "./service/mounts.js";
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
    const isStopped = verdict.recreate.length > 0 || verdict.keep.some(({ restart }) => restart);
    const stopped = isStopped ? stopFollowers(draft, service.name) : [];
    const removals = new Map(
      verdict.remove.map(({ container, cause }) => [container.name, removeReplica(draft, container, cause)]),
    );
    for (const { container, cause } of verdict.recreate) {
      replaceReplica(draft, verdict, { container, cause, stopped, removals });
    }
    for (const number of verdict.create) createReplica(draft, verdict, number);
    for (const one of verdict.keep) keepReplica(draft, service, { kept: one, stopped });
  }
}

function removeReplica(draft: UpDraft, container: ObservedContainer, cause: Cause): string {
  const after = stopOnce(draft, container, cause.reason);
  return draft.builder.add(
    { kind: "remove-container", container: refOf(container), force: false, volumes: false },
    cause,
    {
      after,
    },
  );
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

function replaceReplica(
  draft: UpDraft,
  verdict: ServiceVerdict,
  replacement: {
    container: ObservedContainer;
    cause: Cause;
    stopped: readonly string[];
    /** By name: the operations that remove others of the service. */
    removals: ReadonlyMap<string, string>;
  },
): void {
  const { container: old, cause, stopped, removals } = replacement;
  const { service } = verdict;
  const number = old.number;
  const finalName = containerName(draft.project.name, service, number);
  const inherited = draft.options.renewAnonymousVolumes ? [] : inheritedMounts(draft, service, old);
  const body = bodyOf(draft, verdict, { number, inherited, replaces: finalName });
  const name = temporaryName(old.id, finalName);
  // An earlier replacement that was interrupted bears the name until it is removed.
  const isFree = removals.get(name) ?? [];
  const created = draft.builder.add(
    {
      kind: "create-container",
      service: service.name,
      name,
      finalName,
      number,
      ...body,
    },
    cause,
    { after: [...prerequisites(draft, service), isFree].flat(), isStep: true },
  );
  const down = stopOnce(draft, old, "replaced", { after: [created, ...stopped], isStep: true });
  const removed = draft.builder.add(
    { kind: "remove-container", container: refOf(old), force: !isUp(old), volumes: false },
    "replaced",
    { after: [created, ...down], isStep: true, finishes: down },
  );
  const container = { name: finalName, service: service.name, createdBy: created };
  const renamed = draft.builder.add({ kind: "rename-container", container, to: finalName }, cause, {
    after: [removed],
    finishes: [removed],
  });
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
  const amended = addAmendments(draft, { service, ref, kept });
  if (restart && isUp(container)) stopOnce(draft, container, restart, { after: stopped });
  const stop = draft.stops.get(container.id);
  const steppedOff = draft.steppedOff.get(container.id) ?? [];
  const after = [...renamed, ...amended, ...steppedOff, ...(stop === undefined ? [] : [stop])];
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

/** Anonymous volumes of `old` that the image or the service still declares, and that nothing else is mounted over. */
function inheritedMounts(draft: UpDraft, service: Service, old: ObservedContainer): InheritedMount[] {
  const imageVolumes = draft.observed.images.get(imageNameOf(draft.project.name, service))?.Config.Volumes ?? {};
  const anonymous = service.volumes.filter((mount) => mount.type === "volume" && mount.source === undefined);
  const targets = new Set([...Object.keys(imageVolumes), ...anonymous.map((mount) => mount.target)]);
  const declared = new Set([...draft.project.volumes.values()].map((volume) => volume.name));
  return old.mounts.flatMap((mount) =>
    mount.Type === "volume" && mount.Name && targets.has(mount.Destination) && !declared.has(mount.Name)
      ? [{ volume: mount.Name, target: mount.Destination, readOnly: !mount.RW }]
      : [],
  );
}
