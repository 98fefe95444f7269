/** What each project takes on the disk, as `system df --projects` lists it. Pure. */
import type { DiskUsage } from "../../../client/upkeep-calls.js";
import { composeLabels } from "../../../wire/labels.js";
import { printSize } from "../table.js";

/** The titles of the fields and the columns of the table. */
export const projectUsageListing = {
  titles: {
    Project: "PROJECT",
    Containers: "CONTAINERS",
    Written: "WRITTEN",
    Volumes: "VOLUMES",
    VolumesSize: "IN VOLUMES",
    Images: "IMAGES",
    ImagesSize: "IN IMAGES",
    ImagesOwn: "OF THAT ALONE",
  },
  columns: ["Project", "Containers", "Written", "Volumes", "VolumesSize", "Images", "ImagesSize", "ImagesOwn"],
} as const;

/** In place of a name, for what belongs to no project. */
const nobody = "-";

/**
 * A row for each project, by name, what belongs to none last. An image counts for every project that has a container of
 * it; `ImagesOwn` is what would be free if the project and its images were gone.
 */
export function projectUsageRows({ Images, Containers, Volumes }: DiskUsage) {
  const projectOf = (labels: Readonly<Record<string, string>> | null | undefined) =>
    labels?.[composeLabels.project] ?? nobody;
  const users = new Map<string, Set<string>>();
  for (const { ImageID, Labels } of Containers) {
    users.set(ImageID, (users.get(ImageID) ?? new Set()).add(projectOf(Labels)));
  }
  const names = new Set([...Containers, ...Volumes].map(({ Labels }) => projectOf(Labels)));
  return [...names].sort(byName).map((Project) => {
    const containers = Containers.filter(({ Labels }) => projectOf(Labels) === Project);
    const volumes = Volumes.filter(({ Labels }) => projectOf(Labels) === Project);
    const images = Images.filter(({ Id }) => users.get(Id)?.has(Project));
    const own = images.filter(({ Id }) => users.get(Id)?.size === 1);
    return {
      Project,
      Containers: String(containers.length),
      Written: printSize(sum(containers.map(({ SizeRw }) => SizeRw ?? 0)), 4),
      Volumes: String(volumes.length),
      VolumesSize: printSize(sum(volumes.map(({ UsageData }) => Math.max(0, UsageData?.Size ?? 0))), 4),
      Images: String(images.length),
      ImagesSize: printSize(sum(images.map(({ Size }) => Size)), 4),
      ImagesOwn: printSize(sum(own.map(({ Size, SharedSize }) => Size - Math.max(0, SharedSize))), 4),
    };
  });
}

function byName(a: string, b: string): number {
  if (a === nobody || b === nobody) return Number(a === nobody) - Number(b === nobody);
  return a < b ? -1 : 1;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
