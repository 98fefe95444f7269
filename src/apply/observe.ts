/**
 * Takes the snapshot that a plan is drawn from: a few list calls side by side, and an inspection of each container. An
 * engine of Gantry's answers all inspections with one call, at the same time.
 *
 * Reads the engine, and of this host the files that are bound into containers (for their digests). Changes nothing.
 */
import { isGantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import { canTakeOver } from "../client/engines/engine-features.js";
import type { Project } from "../compose/project.js";
import type { ObservedContainer, ObservedNetwork, ObservedState, ObservedVolume } from "../plan/observed.js";
import { imageNameOf, imagesOf } from "../plan/service/names.js";
import type { ContainerInspect, ContainerSummary, HealthStatus } from "../wire/container.js";
import type { ImageInspect } from "../wire/image.js";
import { composeLabels } from "../wire/labels.js";
import type { NetworkInspect } from "../wire/network.js";
import type { VolumeInspect } from "../wire/volume.js";
import { digestContents } from "./content-digests.js";
import { observeHalfRemoved } from "./history/half-removed.js";
import type { BuildLook } from "./rebuild/build-memory.js";

export interface ObserveOptions {
  readonly signal?: AbortSignal;
  /**
   * Compares what builds read with what their images were built from, at this time. `all`: looks at what builds read
   * where nobody knows that, too.
   */
  readonly builds?: Omit<BuildLook, "signal"> & { readonly all?: boolean };
}

/** All that `up` compares with: five calls, and one for each image; of other engines one for each container too. */
export async function observeProject(
  client: EngineClient,
  project: Project,
  options: ObserveOptions = {},
): Promise<ObservedState> {
  const all = client.engine.kind === "gantry" ? inspectTogether(client, project, options) : undefined;
  const looking = observeImages(client, project, options);
  const [resources, images, digests, inspections, builds] = await Promise.all([
    observeResources(client, project.name, options),
    looking,
    digestContents(project),
    all,
    looking.then((images) => observedBuilds(project, images, options)),
  ]);
  const ofServices = resources.containers.filter(({ service, isOneOff }) => !isOneOff && project.services.has(service));
  const details = inspections ?? (await inspectEach(client, ofServices, options));
  const known = { project, images, details };
  const there = new Set(resources.volumes.map(({ name }) => name));
  const [containers, halfRemoved] = await Promise.all([
    withImages(client, resources.containers, { ...known, options }),
    observeHalfRemoved(client, project, { there, signal: options.signal }),
  ]);
  const found = { ...(builds ? { builds } : {}), ...(halfRemoved.size > 0 ? { halfRemoved } : {}) };
  return { ...resources, containers, images, ...digests, ...found };
}

/** Loaded where there is something to build. */
async function observedBuilds(
  project: Project,
  images: ObservedState["images"],
  { builds, signal }: ObserveOptions,
): Promise<ObservedState["builds"]> {
  if (!builds || ![...project.services.values()].some(({ build }) => build)) return undefined;
  const { observeBuilds } = await import("./rebuild/build-memory.js");
  return observeBuilds(project, images, { ...builds, ...(signal ? { signal } : {}) });
}

/** Containers, networks and volumes by the project's name alone; no images. */
export async function observeResources(
  client: EngineClient,
  project: string,
  options: ObserveOptions = {},
): Promise<ObservedState> {
  const [containers, networks, volumes] = await Promise.all([
    observeContainers(client, project, options),
    client.networks.list(undefined, options),
    client.volumes.list(undefined, options),
  ]);
  return {
    containers,
    networks: networks.map(observedNetwork),
    volumes: volumes.map(observedVolume),
    images: new Map(),
    ...{ fileDigests: new Map(), secretDigests: new Map(), fileTimes: new Map() },
    engine: client.engine.kind,
    takesOver: canTakeOver(client.engine),
  };
}

function observedNetwork(network: NetworkInspect): ObservedNetwork {
  const { Id, Name, Labels, Driver, Internal, Attachable, EnableIPv6, IPAM, Options } = network;
  const flags = { internal: Internal, attachable: Attachable, enableIPv6: EnableIPv6 };
  const shown = { driver: Driver, ...flags, pools: IPAM?.Config ?? [], options: Options ?? {} };
  return { id: Id, name: Name, labels: Labels ?? {}, shown };
}

function observedVolume({ Name, Labels, Driver, Options }: VolumeInspect): ObservedVolume {
  return { name: Name, labels: Labels ?? {}, shown: { driver: Driver, options: Options ?? {} } };
}

/** The project's containers in every state, sorted by name: one call. */
export async function observeContainers(
  client: EngineClient,
  project: string,
  options: ObserveOptions = {},
): Promise<ObservedContainer[]> {
  const filters = { label: [`${composeLabels.project}=${project}`] };
  const summaries = await client.containers.list({ all: true, filters }, options);
  return summaries.map(observedContainer).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The images that services name, by that name; those that are not there are left out. */
export async function observeImages(
  client: EngineClient,
  project: Project,
  options: ObserveOptions = {},
): Promise<ReadonlyMap<string, ImageInspect>> {
  const names = [...new Set([...project.services.values()].flatMap((service) => imagesOf(project.name, service)))];
  const found = await Promise.all(
    names.sort().map(async (name): Promise<Array<[string, ImageInspect]>> => {
      try {
        return [[name, await client.images.inspect(name, options)]];
      } catch (error) {
        if (isGantryError(error, "image-not-found")) return [];
        throw error;
      }
    }),
  );
  return new Map(found.flat());
}

/** One element of the engine's list, as the planner wants it. */
function observedContainer(summary: ContainerSummary): ObservedContainer {
  const labels = summary.Labels ?? {};
  const { exitCode, health } = parseStatus(summary.Status);
  return {
    id: summary.Id,
    name: (summary.Names[0] ?? summary.Id).replace(/^\//, ""),
    service: labels[composeLabels.service] ?? "",
    number: Number(labels[composeLabels.containerNumber] ?? 0),
    isOneOff: labels[composeLabels.oneoff] === "True" || labels[composeLabels.hook] !== undefined,
    ...(labels[composeLabels.hook] === undefined ? {} : { isHook: true }),
    state: stateOf(summary),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(health === undefined ? {} : { health }),
    ...(summary.GantryStandby ? { isOnStandby: true } : {}),
    ...(summary.GantryStopped === undefined ? {} : { wasStopped: summary.GantryStopped }),
    image: summary.Image,
    imageId: summary.ImageID,
    labels,
    networks: new Map(
      Object.entries(summary.NetworkSettings?.Networks ?? {}).map(([name, place]) => [name, place.NetworkID ?? ""]),
    ),
    mounts: summary.Mounts ?? [],
    createdAt: summary.Created,
  };
}

/** Podman has a word of its own for a container whose grace runs: it is up until its end. */
function stateOf({ State }: ContainerSummary): ContainerSummary["State"] {
  return String(State) === "stopping" ? "running" : State;
}

/** Exit code and health as the list's status text tells them: `Exited (3) 2 hours ago`, `Up 5 minutes (healthy)`. */
function parseStatus(status: string): { exitCode?: number; health?: HealthStatus } {
  const exited = /^Exited \((\d+)\)/.exec(status);
  if (exited) return { exitCode: Number(exited[1]) };
  if (status.endsWith("(healthy)")) return { health: "healthy" };
  if (status.endsWith("(unhealthy)")) return { health: "unhealthy" };
  return status.endsWith("(health: starting)") ? { health: "starting" } : {};
}

/** Undefined of an engine that is too old to answer for all at once. */
async function inspectTogether(
  client: EngineClient,
  project: Project,
  options: ObserveOptions,
): Promise<ReadonlyMap<string, ContainerInspect> | undefined> {
  const filters = { label: [`${composeLabels.project}=${project.name}`] };
  const inspections = await client.system.inspections(filters, options);
  return inspections && new Map(inspections.map((inspection) => [inspection.Id, inspection]));
}

/** Side by side; what is gone meanwhile is left out. */
async function inspectEach(
  client: EngineClient,
  containers: readonly ObservedContainer[],
  options: ObserveOptions,
): Promise<ReadonlyMap<string, ContainerInspect>> {
  const found = await Promise.all(
    containers.map(async ({ id }): Promise<Array<[string, ContainerInspect]>> => {
      try {
        return [[id, await client.containers.inspect(id, options)]];
      } catch (error) {
        if (isGantryError(error, "container-not-found")) return [];
        throw error;
      }
    }),
  );
  return new Map(found.flat());
}

/** With the inspections, and the images that containers were made from where that is not their service's. */
async function withImages(
  client: EngineClient,
  containers: readonly ObservedContainer[],
  known: {
    project: Project;
    images: ReadonlyMap<string, ImageInspect>;
    details: ReadonlyMap<string, ContainerInspect>;
    options: ObserveOptions;
  },
): Promise<ObservedContainer[]> {
  const { project, images, options } = known;
  const others = new Map<string, Promise<ImageInspect | undefined>>();
  const imageById = (id: string) => {
    const asked = others.get(id) ?? client.images.inspect(id, options).catch(() => undefined); // removed by force
    others.set(id, asked);
    return asked;
  };
  return Promise.all(
    containers.map(async (container) => {
      const details = known.details.get(container.id);
      const service = project.services.get(container.service);
      if (!details || !service || container.isOneOff) return container;
      const isCurrent = images.get(imageNameOf(project.name, service))?.Id === details.Image;
      const madeFrom = isCurrent ? undefined : await imageById(details.Image);
      return { ...container, details, ...(madeFrom ? { madeFrom } : {}) };
    }),
  );
}
