/**
 * Takes the snapshot that a plan is drawn from: a few list calls side by side, and inspections only of what differs.
 *
 * Reads the engine, and of this host the files that configs and secrets bind (for their digests). Changes nothing.
 */
import { isGantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import type { Project } from "../compose/project.js";
import type { ObservedContainer, ObservedNetwork, ObservedState } from "../plan/observed.js";
import { imagesOf } from "../plan/service/names.js";
import { type ContentDigests, hashService } from "../plan/service/service-hash.js";
import type { ContainerSummary, HealthStatus } from "../wire/container.js";
import type { ImageInspect } from "../wire/image.js";
import { composeLabels } from "../wire/labels.js";
import type { NetworkInspect } from "../wire/network.js";
import { digestContents } from "./content-digests.js";

export interface ObserveOptions {
  readonly signal?: AbortSignal;
}

/** All that `up` compares with, containers that differ inspected. Four calls and one for each distinct image. */
export async function observeProject(
  client: EngineClient,
  project: Project,
  options: ObserveOptions = {},
): Promise<ObservedState> {
  const [resources, images, digests] = await Promise.all([
    observeResources(client, project.name, options),
    observeImages(client, project, options),
    digestContents(project),
  ]);
  const containers = await withDetails(client, resources.containers, { project, digests, options });
  return { ...resources, containers, images, ...digests };
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
    volumes: volumes.map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} })),
    images: new Map(),
    ...{ fileDigests: new Map(), secretDigests: new Map() },
  };
}

function observedNetwork(network: NetworkInspect): ObservedNetwork {
  const { Id, Name, Labels, Driver, Internal, EnableIPv6, IPAM, Options } = network;
  const subnets = (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []);
  const shown = { driver: Driver, internal: Internal, enableIPv6: EnableIPv6, subnets, options: Options ?? {} };
  return { id: Id, name: Name, labels: Labels ?? {}, shown };
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
    state: summary.State,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(health === undefined ? {} : { health }),
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

/** Exit code and health as the list's status text tells them: `Exited (3) 2 hours ago`, `Up 5 minutes (healthy)`. */
function parseStatus(status: string): { exitCode?: number; health?: HealthStatus } {
  const exited = /^Exited \((\d+)\)/.exec(status);
  if (exited) return { exitCode: Number(exited[1]) };
  if (status.endsWith("(healthy)")) return { health: "healthy" };
  if (status.endsWith("(unhealthy)")) return { health: "unhealthy" };
  return status.endsWith("(health: starting)") ? { health: "starting" } : {};
}

async function withDetails(
  client: EngineClient,
  containers: readonly ObservedContainer[],
  { project, digests, options }: { project: Project; digests: ContentDigests; options: ObserveOptions },
): Promise<ObservedContainer[]> {
  const hashes = new Map(
    [...project.services.values()].map((service) => [service.name, hashService(service, project, digests)]),
  );
  return Promise.all(
    containers.map(async (container) => {
      const hash = hashes.get(container.service);
      if (hash === undefined || container.labels[composeLabels.configHash] === hash) return container;
      const details = await client.containers.inspect(container.id, options).catch(() => undefined); // gone meanwhile
      return details ? { ...container, details } : container;
    }),
  );
}
