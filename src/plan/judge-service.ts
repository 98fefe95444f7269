/**
 * Decides for each replica of a service: keep, recreate, remove, create, and why.
 *
 * Pure. The order of the checks is Docker Compose's; what it compares besides the digest is cheap and live.
 */

import type { Project, Service } from "../compose/project.js";
import { shortId } from "../oci/short-id.js";
import { composeLabels, makerLabel, receivedLabel } from "../wire/labels.js";
import type { ObservedContainer, ObservedState } from "./observed.js";
import type { Cause } from "./operation.js";
import { changedFields, placeOf } from "./service/field-changes.js";
import { containerName, imageNameOf, nameBehindTemporary } from "./service/names.js";
import { hashService } from "./service/service-hash.js";
import { receivedDigest, receivedVariables, receivesOf } from "./steps/provisions.js";
import { desiredScale, sharedServices, type UpOptions } from "./up-options.js";

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

/** `renameTo`: it still bears the temporary name of a replacement that was interrupted. */
export interface KeptContainer {
  readonly container: ObservedContainer;
  readonly renameTo?: string;
}

/** What the checks need to know about networks: the id that is right, or that it is about to change anyway. */
export interface JudgeInput {
  readonly project: Project;
  readonly observed: ObservedState;
  readonly options: UpOptions;
  /** By key: the live network's id; undefined when it is missing; "any" when it is recreated by stepping off. */
  readonly networkIds: ReadonlyMap<string, string | undefined>;
  /** Services of this plan that get a new container. */
  readonly recreated: ReadonlySet<string>;
}

/** Marks a network whose live id does not matter, because its containers step off it and on again. */
export const steppingOff = "any";

export function judgeService(service: Service, input: JudgeInput): ServiceVerdict {
  const { project, observed, options } = input;
  const hash = hashService(service, project, observed);
  const replicas = observed.containers.filter((c) => c.service === service.name && !c.isOneOff);
  const leftovers = replicas.filter((c) => isLeftover(c, observed));
  const judged = replicas
    .filter((c) => !leftovers.includes(c))
    .map((container) => ({ container, cause: whyRecreate(service, container, hash, input) }))
    .sort(keepFirst);
  const scale = desiredScale(service, options);
  const staying = judged.slice(0, scale);
  const highest = Math.max(0, ...replicas.map((c) => c.number));
  return {
    service,
    hash,
    keep: staying.flatMap(({ container, cause }) => (cause ? [] : [kept(container)])),
    recreate: staying.flatMap(({ container, cause }) => (cause ? [{ container, cause }] : [])),
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

function whyRecreate(
  service: Service,
  container: ObservedContainer,
  hash: string,
  input: JudgeInput,
): Cause | undefined {
  const { project, observed, options } = input;
  if (options.noRecreate) return undefined;
  const named = options.services.length === 0 || options.services.includes(service.name);
  if (named && options.forceRecreate) return { reason: "--force-recreate" };
  if (!named && options.alwaysRecreateDeps) return { reason: "--always-recreate-deps" };
  if (named && options.renewAnonymousVolumes) return { reason: "--renew-anon-volumes" };
  if (container.state === "dead" || container.state === "removing")
    return { reason: `container is ${container.state}` };
  const shared = sharedServices(service).find((name) => input.recreated.has(name));
  if (shared) return { reason: `shares namespaces or volumes with ${shared}, which is recreated` };
  const image = observed.images.get(imageNameOf(project.name, service));
  if (container.labels[composeLabels.configHash] !== hash) {
    const changes = changedFields({ project, service, container, ...(image ? { image } : {}) });
    if (changes.length > 0) return { reason: "configuration changed", changes };
    // Another tool's digest says nothing: its container is taken over where nothing differs that an engine shows.
    if (container.labels[makerLabel] !== undefined) {
      return { reason: "made from another configuration", ...located(project, `services.${service.name}`) };
    }
  }
  const imageId = container.labels[composeLabels.image] ?? container.imageId;
  if (image && imageId !== image.Id) {
    const path = `services.${service.name}.image`;
    const change = { path, old: shortId(imageId), new: shortId(image.Id), ...located(project, path) };
    return { reason: "image changed", changes: [change] };
  }
  return whyTold(service, container, input) ?? whyDetached(service, container, input);
}

/** Providers and models answered otherwise than when the container was made. The values may be secrets. */
function whyTold(service: Service, container: ObservedContainer, { project, options }: JudgeInput): Cause | undefined {
  const receives = receivesOf(service, { project });
  if (!options.provided || receives.length === 0) return undefined;
  const digest = receivedDigest(receivedVariables(receives, options.provided));
  if (container.labels[receivedLabel] === digest) return undefined;
  return { reason: "providers gave other variables", ...located(project, `services.${service.name}.depends_on`) };
}

/** Live drift: a network or volume that should be there is not. */
function whyDetached(service: Service, container: ObservedContainer, input: JudgeInput): Cause | undefined {
  const { project, networkIds } = input;
  for (const key of service.networks.keys()) {
    const name = project.networks.get(key)?.name ?? key;
    const want = networkIds.get(key);
    const have = container.networks.get(name);
    if (want === steppingOff) continue;
    const isRight = have !== undefined && want !== undefined && (have === want || have === "");
    if (!isRight)
      return { reason: `not on network ${name}`, ...located(project, `services.${service.name}.networks.${key}`) };
  }
  for (const [at, mount] of service.volumes.entries()) {
    if (mount.type !== "volume" || mount.source === undefined) continue;
    const name = project.volumes.get(mount.source)?.name ?? mount.source;
    const isMounted = container.mounts.some((m) => m.Type === "volume" && m.Name === name);
    if (!isMounted)
      return {
        reason: `volume ${name} is not mounted`,
        ...located(project, `services.${service.name}.volumes[${at}]`),
      };
  }
  return undefined;
}

/** Those that may stay come first, then low numbers, and the newest of equal ones. */
function keepFirst(
  a: { container: ObservedContainer; cause: Cause | undefined },
  b: { container: ObservedContainer; cause: Cause | undefined },
): number {
  return (
    Number(a.cause !== undefined) - Number(b.cause !== undefined) ||
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

function kept(container: ObservedContainer): KeptContainer {
  const renameTo = nameBehindTemporary(container.name);
  return renameTo === undefined ? { container } : { container, renameTo };
}

function scaledTo(project: Project, service: Service, scale: number): Cause {
  return { reason: `scaled to ${scale}`, ...located(project, `services.${service.name}.scale`) };
}

/** The name a replica bears in the end. */
export function replicaName(project: Project, service: Service, container: ObservedContainer): string {
  return nameBehindTemporary(container.name) ?? containerName(project.name, service, container.number);
}

function located(project: Project, path: string) {
  const source = placeOf(project, path);
  return source ? { source } : {};
}
