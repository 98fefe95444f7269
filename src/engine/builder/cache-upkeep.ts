/** What the build cache holds, and what of it goes. Touches the world through the rooms. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { measureTrees } from "../layers/trees/tree-jobs.js";
import { doomedByLimits, doomedByPrune } from "./cache-choice.js";
import type { BuildRooms } from "./rooms.js";
import type { CachedStep } from "./step-cache.js";

export interface CacheUsage {
  readonly id: string;
  readonly type: "regular" | "exec.cachemount";
  readonly description: string;
  readonly sizeBytes: number;
  /** An image has the same layer: its space comes back only with the image. */
  readonly inUse: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly uses: number;
}

export interface CachePrune {
  /** Also what images have, and cache mounts. */
  readonly all: boolean;
  /** This much may stay, the most recently used first. */
  readonly keepBytes?: number;
  /** Only what was last used before. */
  readonly usedBefore?: Date;
  readonly ids?: readonly string[];
  readonly types?: readonly string[];
}

/** Most recently used first. */
export async function cacheUsage(rooms: BuildRooms): Promise<CacheUsage[]> {
  const inImages = imageLayers(rooms);
  const steps = rooms.cache.all().map(
    (step): CacheUsage => ({
      ...{ id: step.key.slice(0, 25), type: "regular", description: step.description, sizeBytes: step.sizeBytes },
      inUse: step.layer !== undefined && inImages.has(step.layer.chainId),
      ...{ createdAt: step.createdAt, lastUsedAt: step.lastUsedAt, uses: step.uses },
    }),
  );
  return [...steps, ...(await cacheMounts(rooms))].sort((a, b) => (a.lastUsedAt < b.lastUsedAt ? 1 : -1));
}

/** Layers that images have stay with the images, and a cache mount that a step uses right now stays. */
export async function pruneCache(
  rooms: BuildRooms,
  options: CachePrune,
): Promise<{ deleted: string[]; reclaimedBytes: number }> {
  const doomed = doomedByPrune(await cacheUsage(rooms), options, (id) => rooms.cacheMounts.isUsed(id));
  for (const { id, type } of doomed) {
    if (type === "regular") await Promise.all(stepsOf(rooms, id).map(({ key }) => rooms.cache.forget(key)));
    else await rm(join(rooms.cacheHome, id), { recursive: true, force: true });
  }
  await rooms.images.collectGarbage(rooms.containers.usedImages());
  const reclaimedBytes = doomed.reduce((sum, { sizeBytes, inUse }) => sum + (inUse ? 0 : sizeBytes), 0);
  return { deleted: doomed.map(({ id }) => id), reclaimedBytes };
}

/** After a build: what is too old or too much goes. Steps alone, as cache mounts are cheap to keep and dear to fill. */
export async function limitCache(rooms: BuildRooms): Promise<void> {
  const doomed = doomedByLimits(rooms.cache.all(), rooms.clock.now().getTime());
  for (const { key } of doomed) await rooms.cache.forget(key);
  if (doomed.length > 0) await rooms.images.collectGarbage(rooms.containers.usedImages());
}

function stepsOf({ cache }: BuildRooms, id: string): CachedStep[] {
  return cache.all().filter(({ key }) => key.startsWith(id));
}

function imageLayers({ images }: BuildRooms): Set<string> {
  return new Set(images.list({}).flatMap(({ Id }) => images.layersOf(Id).map(({ chainId }) => chainId)));
}

async function cacheMounts({ cacheHome: home }: BuildRooms): Promise<CacheUsage[]> {
  const names = await readdir(home).catch(() => []);
  const sizes = await measureTrees(
    names.map((name) => join(home, name)),
    new AbortController().signal,
  );
  return Promise.all(
    names.map(async (name, at): Promise<CacheUsage> => {
      const { birthtime, mtime } = await stat(join(home, name));
      const [createdAt, lastUsedAt] = [birthtime.toISOString(), mtime.toISOString()];
      const description = "cached mount of RUN steps";
      const sizeBytes = sizes[at] ?? 0;
      return {
        id: name,
        type: "exec.cachemount",
        description,
        sizeBytes,
        inUse: false,
        createdAt,
        lastUsedAt,
        uses: 1,
      };
    }),
  );
}
