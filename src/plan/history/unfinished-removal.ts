/**
 * Removals (`down`, `rm`) that did not come to their end, and what has to be thought of with them: of several volumes
 * some are in the trash then and some are not. Pure.
 */
import type { GenerationSummary, RemovedContainer, TrashedVolume } from "../../wire/history.js";

/**
 * A removal together with those right before it that did not come to their end and that it has completed: all of them
 * are undone as one. `generations` with the newest last.
 */
export function withUnfinished(
  generations: readonly GenerationSummary[],
  undone: GenerationSummary,
): readonly GenerationSummary[] {
  const before = generations.filter(({ number }) => number < undone.number);
  const other = before.findLastIndex((one) => !isRemoval(one) || one.outcome === "succeeded");
  return [...before.slice(other + 1), undone];
}

/** As if one command had done it: a container is told of as the first of them met it. */
export function asOneRemoval(
  removals: readonly GenerationSummary[],
): Pick<GenerationSummary, "command" | "services" | "removed" | "removedVolumes"> {
  const removed = new Map<string, RemovedContainer>();
  for (const container of removals.flatMap((one) => one.removed)) {
    const key = `${container.service} ${container.number}`;
    if (!removed.has(key)) removed.set(key, container);
  }
  const isOfAll = removals.some(({ services }) => services.length === 0);
  return {
    command: removals.some(({ command }) => command === "down") ? "down" : "rm",
    services: isOfAll ? [] : [...new Set(removals.flatMap(({ services }) => services))].sort(),
    removed: [...removed.values()],
    removedVolumes: [...new Set(removals.flatMap(({ removedVolumes }) => removedVolumes))].sort(),
  };
}

/** The removal that an undo which did not come to its end was to undo; undefined for any other generation. */
export function undoneHalfway(
  generations: readonly GenerationSummary[],
  { command, outcome, of }: GenerationSummary,
): GenerationSummary | undefined {
  if (command !== "undo" || outcome === "succeeded") return undefined;
  return generations.find((one) => one.number === of && isRemoval(one));
}

/**
 * What `up` brings back rather than makes anew: volumes that the last removal has put into the trash when it ended
 * halfway, while others that it was to take are still `there`, and what an undo that ended halfway has left in the
 * trash. Half of a project's data would be of another time.
 */
export function halfRemoved(
  generations: readonly GenerationSummary[],
  { trashed, there }: { readonly trashed: readonly TrashedVolume[]; readonly there: ReadonlySet<string> },
): TrashedVolume[] {
  const newest = generations.at(-1);
  if (!newest || newest.outcome === "succeeded") return [];
  const undone = undoneHalfway(generations, newest);
  if (!undone && !isRemoval(newest)) return [];
  const removals = withUnfinished(generations, undone ?? newest);
  if (!undone && !asOneRemoval(removals).removedVolumes.some((name) => there.has(name))) return [];
  const numbers = new Set(removals.map(({ number }) => number));
  return trashed.filter(
    ({ project, generation, name }) => project === newest.project && numbers.has(generation) && !there.has(name),
  );
}

/** True for what takes a project or its containers away. */
export function isRemoval({ command }: GenerationSummary): boolean {
  return command === "down" || command === "rm";
}
