/**
 * `gantry gc`: lets go of what nobody will ask for again, and tells what that frees.
 *
 * Touches the world through the rooms. In this order: the trash, histories, images that only those held, and what none
 * of them needs then. A dry run finds the same and removes nothing.
 */
import { isGantryError } from "../../../base/errors.js";
import { defaultKeep, forgettable, imagesKeptFor } from "../../../history/forgettable.js";
import type { GcBody, GcReply } from "../../../wire/history.js";
import { composeLabels } from "../../../wire/labels.js";
import type { ApiRooms } from "../rooms.js";

/** Ids of the images that histories hold, but for the generations in `without` by project. */
export async function imagesKept(
  { history }: Pick<ApiRooms, "history">,
  without: ReadonlyMap<string, ReadonlySet<number>> = new Map(),
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const project of await history.projects()) {
    const generations = await history.list(project);
    const kept = generations.filter(({ number }) => !without.get(project)?.has(number));
    for (const id of imagesKeptFor(kept)) ids.add(id);
  }
  return ids;
}

/** Removes, or with `DryRun` only tells. */
export async function collect(rooms: ApiRooms, { DryRun = false, All = false, Keep }: GcBody): Promise<GcReply> {
  const { trash, history } = rooms;
  const volumes = All ? trash.list() : trash.expired();
  if (!DryRun) for (const { id } of volumes) await trash.purge(id);
  const purged = new Set(volumes.map(({ id }) => id));
  const generations = await findGenerations(rooms, { all: All, keep: Math.max(1, Keep ?? defaultKeep), purged });
  const gone = new Map(
    [...Map.groupBy(generations, ({ project }) => project)].map(([project, some]) => {
      return [project, new Set(some.map(({ number }) => number))] as const;
    }),
  );
  if (!DryRun) for (const [project, numbers] of gone) await history.drop(project, [...numbers]);
  const images = await findImages(rooms, gone);
  if (!DryRun) await removeImages(rooms, images);
  const keep = rooms.containers.usedImages();
  const leftovers = await rooms.images.findGarbage(keep);
  if (!DryRun) await rooms.images.collectGarbage(keep, { forgetPending: All });
  return { volumes, generations, images, leftovers };
}

async function findGenerations(
  rooms: ApiRooms,
  { all, keep, purged }: { all: boolean; keep: number; purged: ReadonlySet<string> },
): Promise<GcReply["generations"]> {
  const { history, trash } = rooms;
  const now = new Date();
  const found: Array<GcReply["generations"][number]> = [];
  for (const project of await history.projects()) {
    const kept = await history.sizes(project);
    const isGone =
      !isThere(rooms, project) && !trash.list().some((one) => one.project === project && !purged.has(one.id));
    const generations = kept.map(({ generation }) => generation);
    const doomed = new Set(forgettable(generations, { keep, all, isGone, now }));
    for (const { generation, sizeBytes } of kept) {
      if (doomed.has(generation.number)) found.push({ project, number: generation.number, sizeBytes });
    }
  }
  return found;
}

/** Anything that bears the project's label. */
function isThere({ containers, networks, volumes }: ApiRooms, project: string): boolean {
  const filters = { label: [`${composeLabels.project}=${project}`] };
  return (
    containers.list({ all: true, filters }).length > 0 ||
    networks.list(filters).length > 0 ||
    volumes.list(filters).length > 0
  );
}

async function findImages(
  rooms: ApiRooms,
  without: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<GcReply["images"]> {
  const { images, containers } = rooms;
  const kept = await imagesKept(rooms, without);
  return images
    .list({})
    .filter(({ Id, RepoTags }) => RepoTags.length === 0 && !kept.has(Id))
    .filter(({ Id }) => containers.usersOf({ imageId: Id }).length === 0)
    .map(({ Id, Size }) => ({ id: Id, sizeBytes: Size }));
}

/** One that came into use meanwhile stays. */
async function removeImages({ images, containers }: ApiRooms, found: GcReply["images"]): Promise<void> {
  const usedBy = (imageId: string) => containers.usersOf({ imageId });
  for (const { id } of found) {
    await images.remove(id, { force: true, usedBy }).catch((error: unknown) => {
      if (!isGantryError(error) || error.status >= 500) throw error;
    });
  }
}
