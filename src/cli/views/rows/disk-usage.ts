/** What images, containers, volumes and the build cache use, as docker's `system df` lists it. Pure. */
import type { DiskUsage } from "../../../client/upkeep-calls.js";
import { shortId } from "../../../oci/short-id.js";
import type { TrashedVolume } from "../../../wire/history.js";
import { printSize } from "../table.js";
import { containerListing, containerRow } from "./container-row.js";
import { imageListing, imageRows } from "./image-row.js";
import { volumeListing, volumeRow } from "./network-row.js";

/** The titles of the fields and the columns of the table. */
export const usageListing = {
  titles: { Type: "TYPE", TotalCount: "TOTAL", Active: "ACTIVE", Size: "SIZE", Reclaimable: "RECLAIMABLE" },
  columns: ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
} as const;

const runningStates: readonly string[] = ["running", "paused", "restarting"];

/** A row for each kind; one for the trash where something is in it. */
export function usageRows(
  { LayersSize, Images, Containers, Volumes, BuildCache }: DiskUsage,
  trash: readonly TrashedVolume[] = [],
) {
  const running = Containers.filter(({ State }) => runningStates.includes(State));
  const usedImages = Images.filter((image) => image.Containers > 0);
  const unusedImages = sum(
    Images.filter((image) => image.Containers <= 0).map((i) => i.Size - Math.max(0, i.SharedSize)),
  );
  const sizeOf = (containers: typeof Containers) => sum(containers.map(({ SizeRw }) => SizeRw ?? 0));
  const volumeSize = (volumes: typeof Volumes) =>
    sum(volumes.map(({ UsageData }) => Math.max(0, UsageData?.Size ?? 0)));
  const usedVolumes = Volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0);
  const idleVolumes = Volumes.filter((volume) => !usedVolumes.includes(volume));
  const stoppedSize = sizeOf(Containers.filter((container) => !running.includes(container)));
  const cache = BuildCache ?? [];
  const idleCache = cache.filter(({ InUse, Shared }) => !InUse && !Shared);
  const trashSize = sum(trash.map(({ sizeBytes }) => sizeBytes));
  const cacheSize = (entries: typeof cache) => sum(entries.map(({ Size }) => Size));
  return [
    row("Images", [Images.length, usedImages.length], [LayersSize, unusedImages]),
    row("Containers", [Containers.length, running.length], [sizeOf(Containers), stoppedSize]),
    row("Local Volumes", [Volumes.length, usedVolumes.length], [volumeSize(Volumes), volumeSize(idleVolumes)]),
    row(
      "Build Cache",
      [cache.length, cache.filter(({ InUse }) => InUse).length],
      [cacheSize(cache.filter(({ Shared }) => !Shared)), cacheSize(idleCache)],
    ),
    ...(trash.length > 0 ? [row("Trash", [trash.length, 0], [trashSize, trashSize])] : []),
  ];
}

/** A table for each kind, as of `system df -v`. `now` in milliseconds since the epoch. */
export function usageTables(
  { Images, Containers, Volumes, BuildCache }: DiskUsage,
  { now, trash = [] }: { now: number; trash?: readonly TrashedVolume[] },
) {
  const trashTitles = { Name: "VOLUME NAME", Project: "PROJECT", Size: "SIZE", Until: "KEPT UNTIL" };
  const facts = { trunc: true, now, digests: false };
  const cacheTitles = { ID: "CACHE ID", CacheType: "CACHE TYPE", Size: "SIZE", InUse: "IN USE", Shared: "SHARED" };
  const images = ["Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers"];
  const containers = ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"];
  return [
    {
      ...{ title: "Images space usage:", titles: imageListing.titles, columns: images },
      rows: Images.flatMap((image) => imageRows(image, facts)),
    },
    {
      ...{ title: "Containers space usage:", titles: containerListing.titles, columns: containers },
      rows: Containers.map((container) => containerRow({ ...container, SizeRootFs: 0 }, facts)),
    },
    {
      ...{ title: "Local Volumes space usage:", titles: volumeListing.titles, columns: ["Name", "Links", "Size"] },
      rows: Volumes.map(volumeRow),
    },
    {
      ...{ title: "Build cache usage:", titles: cacheTitles, columns: Object.keys(cacheTitles) },
      rows: (BuildCache ?? []).map((entry) => ({
        ...{ ID: shortId(entry.ID), CacheType: entry.Type, Size: printSize(entry.Size) },
        ...{ InUse: String(entry.InUse), Shared: String(entry.Shared) },
      })),
    },
    ...(trash.length > 0
      ? [
          {
            title: "Trash space usage:",
            titles: trashTitles,
            columns: Object.keys(trashTitles),
            rows: trash.map(trashRow),
          },
        ]
      : []),
  ];
}

function trashRow({ name, project, sizeBytes, expiresAt }: TrashedVolume) {
  return { Name: name, Project: project, Size: printSize(sizeBytes, 4), Until: expiresAt };
}

function row(Type: string, [total, active]: readonly [number, number], [size, free]: readonly [number, number]) {
  const share = size > 0 ? ` (${Math.floor((free / size) * 100)}%)` : "";
  return {
    Type,
    TotalCount: String(total),
    Active: String(active),
    Size: printSize(size, 4),
    Reclaimable: printSize(free, 4) + share,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
