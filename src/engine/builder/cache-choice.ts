/** What of the build cache goes: by a user's wish, or because it is too old or too much. Pure. */
import type { CachePrune, CacheUsage } from "./cache-upkeep.js";

/** Beyond it the least recently used steps go after a build. */
export const maxCacheBytes = 20 * 1024 ** 3;
/** Nothing is kept that was not used for so long. */
export const maxAgeMs = 30 * 24 * 3600 * 1000;

/** `usage` has the most recently used first. What `isBusy` names is used by a step right now. */
export function doomedByPrune(
  usage: readonly CacheUsage[],
  { all, keepBytes = 0, usedBefore, ids, types }: CachePrune,
  isBusy: (id: string) => boolean,
): CacheUsage[] {
  const candidates = usage.filter(
    ({ id, type, lastUsedAt }) =>
      (!ids || ids.some((one) => id.startsWith(one))) &&
      (!types || types.includes(type)) &&
      (!usedBefore || new Date(lastUsedAt) < usedBefore),
  );
  let kept = 0;
  return candidates.filter(({ id, sizeBytes, inUse }) => {
    if ((inUse && !all) || isBusy(id)) return false;
    kept += sizeBytes;
    return kept > keepBytes || keepBytes === 0;
  });
}

/** After a build. `now` in milliseconds since 1970. */
export function doomedByLimits<Step extends { readonly sizeBytes: number; readonly lastUsedAt: string }>(
  steps: readonly Step[],
  now: number,
): Step[] {
  let kept = 0;
  return [...steps]
    .sort((a, b) => (a.lastUsedAt < b.lastUsedAt ? 1 : -1))
    .filter(({ sizeBytes, lastUsedAt }) => {
      kept += sizeBytes;
      return kept > maxCacheBytes || now - Date.parse(lastUsedAt) > maxAgeMs;
    });
}
