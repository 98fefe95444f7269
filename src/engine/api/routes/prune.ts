/** Routes that remove what nobody uses, and the one that tells how much there is of it. */

import { isGantryError } from "../../../base/errors.js";
import { decodeFilters, type Filters } from "../../../wire/filters.js";
import type { ImageDeleteItem } from "../../../wire/image.js";
import type { EventType } from "../../../wire/system.js";
import { imagesKept } from "../history/gc.js";
import { json, type Reply } from "../http/reply.js";
import { type ApiRequest, flag, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import { prunes } from "../prune-filters.js";
import type { ApiRooms } from "../rooms.js";
import { measureUsage, parseKinds, shapeUsage, volumeSizes } from "../system/disk-usage.js";

const builtIn = ["bridge", "host", "none"];
const anonymousLabel = "com.docker.volume.anonymous";

/** See Docker Engine API, "ContainerPrune", "ImagePrune", "NetworkPrune", "VolumePrune", "SystemDataUsage". */
export function pruneRoutes(rooms: ApiRooms): Route[] {
  const post = (pattern: string, handle: (request: ApiRequest) => Promise<Reply>): Route => {
    return { method: "POST", pattern, handle };
  };
  return [
    post("/containers/prune", (request) => pruneContainers(rooms, request)),
    post("/images/prune", (request) => pruneImages(rooms, request)),
    post("/networks/prune", (request) => pruneNetworks(rooms, request)),
    post("/volumes/prune", (request) => pruneVolumes(rooms, request)),
    { method: "GET", pattern: "/system/df", handle: (request) => diskUsage(rooms, request) },
  ];
}

async function diskUsage(rooms: ApiRooms, request: ApiRequest): Promise<Reply> {
  const { version, signal } = request;
  const usage = await measureUsage(rooms, parseKinds(request.query.getAll("type")), signal);
  return json(shapeUsage(usage, { version, verbose: flag(request, "verbose") }));
}

/** As Docker tells it: once, after the events of what was removed. */
function announcePrune({ events }: ApiRooms, Type: EventType, reclaimed: number): void {
  events.publish({ Type, Action: "prune", Actor: { ID: "", Attributes: { reclaimed: String(reclaimed) } } });
}

async function pruneContainers(rooms: ApiRooms, request: ApiRequest): Promise<Reply> {
  const { containers } = rooms;
  const takes = prunes(filtersOf(request, ["until", "label", "label!"]), Date.now());
  const idle = containers
    .list({ all: true, filters: { status: ["created", "exited", "dead"] } })
    .filter(({ Created, Labels }) => takes({ createdMs: Created * 1000, labels: Labels }));
  const sizes = await containers.files.writtenBytes(
    idle.map(({ Id }) => Id),
    request.signal,
  );
  const removed = await removeEach(idle, async ({ Id }) => {
    await containers.remove(Id, { force: false, volumes: false });
    return Id;
  });
  const SpaceReclaimed = removed.reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0);
  announcePrune(rooms, "container", SpaceReclaimed);
  return json({ ContainersDeleted: orNull(removed), SpaceReclaimed });
}

async function pruneImages(rooms: ApiRooms, request: ApiRequest): Promise<Reply> {
  const { images, containers } = rooms;
  const { dangling, ...filters } = filtersOf(request, ["dangling", "until", "label", "label!"]);
  const onlyDangling = !dangling?.some((value) => ["false", "0"].includes(value.toLowerCase()));
  const takes = prunes(filters, Date.now());
  const usedBy = (imageId: string) => containers.usersOf({ imageId });
  // What a tag moved away from is what a rollback goes back to.
  const kept = onlyDangling ? await imagesKept(rooms) : new Set<string>();
  const unused = images
    .list({})
    .filter(({ Id }) => !kept.has(Id))
    .filter(({ Created, Labels }) => takes({ createdMs: Created * 1000, labels: Labels ?? {} }))
    .filter(({ Id, RepoTags }) => usedBy(Id).length === 0 && (!onlyDangling || RepoTags.length === 0));
  const sizes = new Map(unused.flatMap(({ Id }) => images.layersOf(Id).map((l) => [l.chainId, l.sizeBytes] as const)));
  const removed = (await removeEach(unused, ({ Id }) => images.remove(Id, { force: true, usedBy }))).flat();
  const gone = (item: ImageDeleteItem) => sizes.get(item.Deleted ?? "") ?? 0;
  // What a pull that broke off has left is for nobody but a next try, and space is what was asked for.
  const leftBytes = await images.collectGarbage(containers.usedImages(), { forgetPending: true });
  const SpaceReclaimed = removed.reduce((sum, item) => sum + gone(item), leftBytes);
  announcePrune(rooms, "image", SpaceReclaimed);
  return json({ ImagesDeleted: orNull(removed), SpaceReclaimed });
}

async function pruneNetworks(rooms: ApiRooms, request: ApiRequest): Promise<Reply> {
  const { networks, containers } = rooms;
  const takes = prunes(filtersOf(request, ["until", "label", "label!"]), Date.now());
  const unused = networks
    .list({})
    .filter(({ Name }) => !builtIn.includes(Name))
    .filter(({ Created, Labels }) => takes({ createdMs: Date.parse(Created), labels: Labels }))
    .filter(({ Id }) => containers.usersOf({ network: Id }).length === 0);
  const removed = await removeEach(unused, async ({ Id, Name }) => {
    await networks.remove(Id);
    return Name;
  });
  announcePrune(rooms, "network", 0);
  return json({ NetworksDeleted: orNull(removed) });
}

/** Named volumes are taken only with the filter `all`: they are where people keep their data. */
async function pruneVolumes(rooms: ApiRooms, request: ApiRequest): Promise<Reply> {
  const { volumes, containers, events } = rooms;
  const { all, ...filters } = filtersOf(request, ["all", "label", "label!"]);
  const takesNamed = request.version < 42 || all?.some((value) => ["true", "1"].includes(value.toLowerCase())) === true;
  const takes = prunes(filters, Date.now());
  const unused = volumes
    .list({})
    // One that is mounted from elsewhere is more than what lies here: as in Docker it goes by name only.
    .filter(({ Options }) => Object.keys(Options ?? {}).length === 0)
    .filter(({ Labels }) => takesNamed || anonymousLabel in (Labels ?? {}))
    .filter(({ Labels, CreatedAt }) => takes({ labels: Labels ?? {}, createdMs: Date.parse(CreatedAt) }))
    .filter(({ Name }) => containers.usersOf({ volume: Name }).length === 0);
  const sizes = await volumeSizes(unused, request.signal);
  const removed = await removeEach(unused, async ({ Name }) => {
    await volumes.remove(Name, { force: false, usedBy: () => containers.usersOf({ volume: Name }) });
    events.publish({ Type: "volume", Action: "destroy", Actor: { ID: Name, Attributes: { driver: "local" } } });
    return Name;
  });
  const SpaceReclaimed = removed.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  announcePrune(rooms, "volume", SpaceReclaimed);
  return json({ VolumesDeleted: removed, SpaceReclaimed });
}

/** What came into use meanwhile stays, and is no failure of the prune. */
async function removeEach<T, R>(items: readonly T[], remove: (item: T) => Promise<R>): Promise<R[]> {
  const removed: R[] = [];
  for (const item of items) {
    try {
      removed.push(await remove(item));
    } catch (error) {
      if (!isGantryError(error) || error.status >= 500) throw error;
    }
  }
  return removed;
}

function filtersOf(request: ApiRequest, allowed: readonly string[]): Filters {
  return decodeFilters(text(request, "filters"), allowed);
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null;
}
