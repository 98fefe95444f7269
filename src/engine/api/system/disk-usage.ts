/** What images, containers and volumes take on the disk: measured, then shaped by the API version. */

import { GantryError } from "../../../base/errors.js";
import type { BuildCacheItem } from "../../../wire/build.js";
import type { ContainerSummary } from "../../../wire/container.js";
import type { ImageSummary } from "../../../wire/image.js";
import type { VolumeInspect } from "../../../wire/volume.js";
import { measureTrees } from "../../layers/trees/tree-jobs.js";
import { withSizes } from "../container-sizes.js";
import type { ApiRooms } from "../rooms.js";
import { buildCacheItems } from "../routes/build.js";

const kinds = ["container", "image", "volume", "build-cache"] as const;
export type UsageKind = (typeof kinds)[number];

/** A kind that was not asked for is undefined. Sizes in bytes. */
export interface MeasuredUsage {
  /** Every layer once. */
  readonly layersSize: number;
  readonly images: readonly ImageSummary[] | undefined;
  readonly containers: ReadonlyArray<ContainerSummary & { SizeRw: number; SizeRootFs: number }> | undefined;
  readonly volumes: ReadonlyArray<VolumeInspect & { UsageData: { Size: number; RefCount: number } }> | undefined;
  readonly buildCache: readonly BuildCacheItem[] | undefined;
}

/** The kinds that `type` names; all of them without one. Throws "bad-parameter" with Docker's text. */
export function parseKinds(asked: readonly string[]): ReadonlySet<UsageKind> {
  const unknown = asked.find((kind) => !kinds.some((known) => known === kind));
  if (unknown !== undefined) throw new GantryError("bad-parameter", `unknown object type: ${unknown}`);
  return new Set(asked.length === 0 ? kinds : kinds.filter((kind) => asked.includes(kind)));
}

/** Walks the trees of what was asked for, in worker threads. */
export async function measureUsage(
  rooms: ApiRooms,
  wanted: ReadonlySet<UsageKind>,
  signal: AbortSignal,
): Promise<MeasuredUsage> {
  const listed = rooms.images.list({});
  const layers = layerSizes(rooms, listed);
  return {
    layersSize: wanted.has("image") ? [...layers.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) : 0,
    images: wanted.has("image") ? listed.map((image) => withSharing(rooms, image, layers)) : undefined,
    containers: wanted.has("container") ? await measureContainers(rooms, signal) : undefined,
    volumes: wanted.has("volume") ? await measureVolumes(rooms, signal) : undefined,
    buildCache: wanted.has("build-cache") ? await buildCacheItems(rooms) : undefined,
  };
}

/** Pure. Up to 1.51 lists, which are never null; from 1.52 on sums, and the lists only with `verbose`. */
export function shapeUsage(usage: MeasuredUsage, { version, verbose }: { version: number; verbose: boolean }): object {
  const { layersSize, images = [], containers = [], volumes = [], buildCache = [] } = usage;
  if (version < 52) {
    // Clients before 1.44 count by this field.
    const Images = version < 44 ? images.map((image) => ({ ...image, VirtualSize: image.Size })) : images;
    return { LayersSize: layersSize, Images, Containers: containers, Volumes: volumes, BuildCache: buildCache };
  }
  const items = (list: readonly object[]) => (verbose ? { Items: list } : {});
  const activeImages = images.filter(({ Containers }) => Containers > 0);
  const usedBytes = activeImages.reduce((sum, { Size, SharedSize }) => sum + Size - SharedSize, 0);
  const idle = containers.filter(({ State }) => !["running", "paused", "restarting"].includes(State));
  const unused = volumes.filter(({ UsageData }) => UsageData.RefCount === 0);
  const unusedSteps = buildCache.filter(({ InUse }) => !InUse);
  const cached = (list: typeof buildCache) => list.reduce((sum, { Size }) => sum + Size, 0);
  const written = (list: typeof containers) => list.reduce((sum, { SizeRw }) => sum + SizeRw, 0);
  const stored = (list: typeof volumes) => list.reduce((sum, { UsageData }) => sum + UsageData.Size, 0);
  return {
    ...(usage.images && {
      ImageUsage: {
        ...{ ActiveCount: activeImages.length, TotalCount: images.length },
        ...{ Reclaimable: layersSize - usedBytes, TotalSize: layersSize, ...items(images) },
      },
    }),
    ...(usage.containers && {
      ContainerUsage: {
        ...{ ActiveCount: containers.length - idle.length, TotalCount: containers.length },
        ...{ Reclaimable: written(idle), TotalSize: written(containers), ...items(containers) },
      },
    }),
    ...(usage.volumes && {
      VolumeUsage: {
        ...{ ActiveCount: volumes.length - unused.length, TotalCount: volumes.length },
        ...{ Reclaimable: stored(unused), TotalSize: stored(volumes), ...items(volumes) },
      },
    }),
    ...(usage.buildCache && {
      BuildCacheUsage: {
        ...{ ActiveCount: buildCache.filter(({ InUse }) => InUse).length, TotalCount: buildCache.length },
        ...{ Reclaimable: cached(unusedSteps), TotalSize: cached(buildCache), ...items(buildCache) },
      },
    }),
  };
}

/** Bytes by the volumes' names. */
export async function volumeSizes(
  list: ReadonlyArray<{ Name: string; Mountpoint: string }>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const sizes = await measureTrees(
    list.map(({ Mountpoint }) => Mountpoint),
    signal,
  );
  return new Map(list.map(({ Name }, at) => [Name, sizes[at] ?? 0]));
}

type LayerSizes = ReadonlyMap<string, { sizeBytes: number; images: number }>;

/** Each layer with the number of images that it is in. */
function layerSizes({ images }: ApiRooms, listed: readonly ImageSummary[]): LayerSizes {
  const layers = new Map<string, { sizeBytes: number; images: number }>();
  for (const { Id } of listed) {
    for (const { chainId, sizeBytes } of images.layersOf(Id)) {
      layers.set(chainId, { sizeBytes, images: (layers.get(chainId)?.images ?? 0) + 1 });
    }
  }
  return layers;
}

function withSharing({ images, containers }: ApiRooms, image: ImageSummary, layers: LayerSizes): ImageSummary {
  const shared = images.layersOf(image.Id).filter(({ chainId }) => (layers.get(chainId)?.images ?? 0) > 1);
  return {
    ...image,
    SharedSize: shared.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    Containers: containers.usersOf({ imageId: image.Id }).length,
  };
}

function measureContainers({ containers, images }: ApiRooms, signal: AbortSignal) {
  const all = containers.list({ all: true, filters: {} });
  return withSizes({ containers, images }, all, signal);
}

async function measureVolumes({ volumes, containers }: ApiRooms, signal: AbortSignal) {
  // One that is mounted from elsewhere is more than what lies here: as in Docker it is not counted.
  const list = volumes.list({}).filter(({ Options }) => Object.keys(Options ?? {}).length === 0);
  const sizes = await volumeSizes(list, signal);
  return list.map((volume) => {
    const RefCount = containers.usersOf({ volume: volume.Name }).length;
    return { ...volume, UsageData: { Size: sizes.get(volume.Name) ?? 0, RefCount } };
  });
}
