/**
 * Why a replica may not stay as it is, and the least that it takes: changed while it runs, restarted, or made anew.
 *
 * Pure. The order of the checks is Docker Compose's; after what the command line asks for, fields decide.
 */
import type { Project, Service } from "../../compose/project.js";
import { shortId } from "../../oci/short-id.js";
import { composeLabels, makerLabel, receivedLabel } from "../../wire/labels.js";
import type { ObservedContainer, ObservedState } from "../observed.js";
import type { Cause } from "../operation.js";
import { changedFields, type Difference, placeOf } from "../service/field-changes.js";
import { imageNameOf } from "../service/names.js";
import { receivedDigest, receivedVariables, receivesOf } from "../steps/provisions.js";
import { sharedServices, type UpOptions } from "../up-options.js";
import { greatest } from "./actions.js";
import { digestsOf } from "./field-digests.js";
import type { Told } from "./map-changes.js";

/** Marks a network whose live id does not matter, because its containers step off it and on again. */
export const steppingOff = "any";

/** What the checks need to know about networks: the id that is right, or that it is about to change anyway. */
export interface JudgeInput {
  readonly project: Project;
  readonly observed: ObservedState;
  readonly options: UpOptions;
  /** By key: the live network's id; undefined when it is missing; "any" when it is recreated by stepping off. */
  readonly networkIds: ReadonlyMap<string, string | undefined>;
  /** Services of this plan that get a new container. */
  readonly recreated: ReadonlySet<string>;
  /** Services of this plan whose containers stop and start again. */
  readonly restarted: ReadonlySet<string>;
}

interface Amendment {
  readonly reason: string;
  readonly changes: readonly Difference[];
}

/** `amend` holds what is changed live; before a restart that too. */
export type Change =
  | { readonly action: "live"; readonly amend: Amendment }
  | { readonly action: "restart"; readonly amend: Amendment; readonly cause: Cause }
  | { readonly action: "recreate"; readonly cause: Cause };

type Input = JudgeInput & {
  /** Of the service as it is now. */
  readonly hash: string;
};

/** Undefined: nothing. */
export function whyChange(service: Service, container: ObservedContainer, input: Input): Change | undefined {
  const { options } = input;
  if (options.noRecreate) return undefined;
  const forced = whyForced(service, container, input);
  if (forced) return { action: "recreate", cause: forced };
  const changes = differencesOf(service, container, input);
  const reason = reasonFor(service, { changes, container }, input);
  const action = greatest(changes.map((change) => change.action));
  if (action === "recreate" || action === "rebuild") return { action: "recreate", cause: { reason, changes } };
  const beyond = whyUnknown(service, container, { ...input, changes }) ?? whyTold(service, container, input);
  const cause = beyond ?? whyDetached(service, container, input);
  if (cause) return { action: "recreate", cause };
  const amend = { reason, changes: changes.filter((change) => change.action === "live") };
  if (action === "restart") return { action, amend, cause: { reason, changes } };
  const donor = namespaceDonors(service).find((name) => input.restarted.has(name));
  if (donor) {
    return { action: "restart", amend, cause: { reason: `shares namespaces with ${donor}, which restarts` } };
  }
  return changes.length > 0 ? { action: "live", amend } : undefined;
}

/** All that differs, the image behind the name included. */
export function differencesOf(
  service: Service,
  container: ObservedContainer,
  input: Pick<Input, "project" | "observed" | "options" | "networkIds" | "hash">,
): Difference[] {
  const { project, observed } = input;
  const current = observed.images.get(imageNameOf(project.name, service));
  const moved = movedImage(project, { service, container, observed });
  if (!comparesLive(observed) && container.labels[composeLabels.configHash] === input.hash) return moved;
  const image = container.madeFrom ?? (moved.length > 0 ? undefined : current);
  const told = toldTo(service, input);
  const comparison = { project, service, container, contents: observed };
  const fields = changedFields({ ...comparison, ...(image ? { image } : {}), ...(told ? { told } : {}) })
    .filter((change) => !isSteppingOff(service, change, input))
    .map((change) =>
      comparesLive(observed) || change.action !== "live" ? change : { ...change, action: "recreate" as const },
    );
  return [...fields.filter(({ path }) => !moved.some((one) => one.path === path)), ...moved];
}

/** Podman writes much of an inspection in its own words, and takes no update: there only a changed file is a change. */
function comparesLive({ engine }: ObservedState): boolean {
  return engine !== "podman";
}

function whyForced(service: Service, container: ObservedContainer, input: Input): Cause | undefined {
  const { options } = input;
  const named = options.services.length === 0 || options.services.includes(service.name);
  if (named && options.forceRecreate) return { reason: "--force-recreate" };
  if (!named && options.alwaysRecreateDeps) return { reason: "--always-recreate-deps" };
  if (named && options.renewAnonymousVolumes) return { reason: "--renew-anon-volumes" };
  if (container.state === "dead" || container.state === "removing") {
    return { reason: `container is ${container.state}` };
  }
  const shared = sharedServices(service).find((name) => input.recreated.has(name));
  return shared ? { reason: `shares namespaces or volumes with ${shared}, which is recreated` } : undefined;
}

function reasonFor(
  service: Service,
  { changes, container }: { changes: readonly Difference[]; container: ObservedContainer },
  { hash, project, observed }: Input,
): string {
  const isMoved = movedImage(project, { service, container, observed }).length > 0;
  if (isMoved && changes.every(({ path }) => path === `services.${service.name}.image`)) return "image changed";
  if (changes.every(({ path }) => path.endsWith(".content"))) return "content changed";
  return container.labels[composeLabels.configHash] === hash ? "changed by hand" : "configuration changed";
}

/** The tag stands for another image than the one that the container was made from. */
function movedImage(
  project: Project,
  { service, container, observed }: { service: Service; container: ObservedContainer; observed: ObservedState },
): Difference[] {
  const current = observed.images.get(imageNameOf(project.name, service));
  const imageId = container.labels[composeLabels.image] ?? container.imageId;
  if (!current || imageId === current.Id) return [];
  const path = `services.${service.name}.image`;
  const change = { path, old: shortId(imageId), new: shortId(current.Id), action: "recreate" as const };
  return [{ ...change, ...located(project, path) }];
}

/** Made by Gantry before it kept digests of fields: there the digest of the whole says what none of them shows. */
function whyUnknown(
  service: Service,
  container: ObservedContainer,
  { project, hash, changes }: Input & { changes: readonly Difference[] },
): Cause | undefined {
  if (changes.length > 0 || container.labels[makerLabel] === undefined) return undefined;
  if (digestsOf(container.labels) !== undefined || container.labels[composeLabels.configHash] === hash)
    return undefined;
  return { reason: "made from another configuration", ...located(project, `services.${service.name}`) };
}

function toldTo(service: Service, { project, options }: Pick<Input, "project" | "options">): Told | undefined {
  const receives = receivesOf(service, { project });
  if (receives.length === 0) return undefined;
  if (!options.provided) return { names: [], isOpen: true };
  return { names: Object.keys(receivedVariables(receives, options.provided)), isOpen: false };
}

/** Providers and models answered otherwise than when the container was made. The values may be secrets. */
function whyTold(service: Service, container: ObservedContainer, { project, options }: Input): Cause | undefined {
  const receives = receivesOf(service, { project });
  if (!options.provided || receives.length === 0) return undefined;
  const digest = receivedDigest(receivedVariables(receives, options.provided));
  if (container.labels[receivedLabel] === digest) return undefined;
  return { reason: "providers gave other variables", ...located(project, `services.${service.name}.depends_on`) };
}

/** A network that was made anew behind the container's back, a volume that is gone, a namespace that has ended. */
function whyDetached(service: Service, container: ObservedContainer, input: Input): Cause | undefined {
  const { project, networkIds } = input;
  for (const key of service.networks.keys()) {
    const name = project.networks.get(key)?.name ?? key;
    const want = networkIds.get(key);
    const have = container.networks.get(name);
    if (want === steppingOff || have === "" || (have === undefined && comparedByField(container, input))) continue;
    if (have === undefined || have !== want) {
      return { reason: `not on network ${name}`, ...located(project, `services.${service.name}.networks.${key}`) };
    }
  }
  for (const [at, mount] of service.volumes.entries()) {
    if (mount.type !== "volume" || mount.source === undefined) continue;
    const name = project.volumes.get(mount.source)?.name ?? mount.source;
    if (container.mounts.some((m) => m.Type === "volume" && m.Name === name)) continue;
    const place = located(project, `services.${service.name}.volumes[${at}]`);
    return { reason: `volume ${name} is not mounted`, ...place };
  }
  return whyOrphaned(service, container, input);
}

function comparedByField(container: ObservedContainer, { observed }: Input): boolean {
  return container.details !== undefined && comparesLive(observed);
}

/** It shares the namespace of a container that is not there any more. */
function whyOrphaned(
  service: Service,
  { details }: ObservedContainer,
  { observed, project }: Input,
): Cause | undefined {
  if (!details) return undefined;
  const { NetworkMode, PidMode, IpcMode, UTSMode } = details.HostConfig;
  const modes = { network_mode: NetworkMode, pid: PidMode, ipc: IpcMode, uts: UTSMode };
  for (const [field, mode] of Object.entries(modes)) {
    const target = /^container:(.+)$/.exec(mode ?? "")?.[1];
    if (target === undefined || !isServiceMode(service, field)) continue;
    if (observed.containers.some(({ id, name }) => id === target || name === target)) continue;
    const place = located(project, `services.${service.name}.${field}`);
    return { reason: "shares a namespace with a container that is gone", ...place };
  }
  return undefined;
}

function isServiceMode(service: Service, field: string): boolean {
  const modes: Readonly<Record<string, unknown>> = { ...service };
  return String(modes[field] ?? "").startsWith("service:");
}

/** Services whose namespaces this one is in: they end when those containers stop. */
function namespaceDonors({ network_mode, pid, ipc, uts }: Service): string[] {
  return [network_mode, pid, ipc, uts].flatMap((mode) =>
    mode?.startsWith("service:") ? [mode.slice("service:".length)] : [],
  );
}

/** The containers of a network that is made anew step off it and on again, and get what they should have there. */
function isSteppingOff(service: Service, { path }: Difference, { networkIds }: Pick<Input, "networkIds">): boolean {
  const prefix = `services.${service.name}.networks.`;
  return path.startsWith(prefix) && networkIds.get(path.slice(prefix.length)) === steppingOff;
}

function located(project: Project, path: string) {
  const source = placeOf(project, path);
  return source ? { source } : {};
}
