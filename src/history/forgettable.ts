/** Decides what of histories may be let go of, and which images they hold. Pure. */
import type { GenerationSummary } from "../wire/history.js";

/** Of each project, when nobody says otherwise. */
export const defaultKeep = 10;
/** What was made so long ago, of a project of which nothing is left, nobody goes back to. */
const forgottenAfterMs = 30 * 24 * 3_600_000;
/** Of each project: how far back a rollback finds its images after a prune. */
const generationsWithImages = 5;

export interface ForgetOptions {
  /** At least 1. */
  readonly keep: number;
  /** Only the newest state of each project, and nothing of projects that are gone. */
  readonly all: boolean;
  /** Nothing of the project is left: neither containers nor networks, volumes, or volumes in the trash. */
  readonly isGone: boolean;
  readonly now: Date;
}

/**
 * The numbers of a project's generations that may go, `generations` with the newest last. The newest state that can be
 * gone back to stays, and with it what came after; nothing of a change that is under way goes.
 */
export function forgettable(generations: readonly GenerationSummary[], options: ForgetOptions): number[] {
  const newest = generations.at(-1);
  if (!newest || newest.outcome === "applying") return [];
  const isOld = options.now.getTime() - Date.parse(newest.startedAt) > forgottenAfterMs;
  if (options.isGone && (options.all || isOld)) return generations.map(({ number }) => number);
  const state = generations.findLastIndex(({ hasModel }) => hasModel);
  const first = Math.min(
    Math.max(0, generations.length - (options.all ? 1 : options.keep)),
    state < 0 ? generations.length - 1 : state,
  );
  return generations.slice(0, first).map(({ number }) => number);
}

/** Ids of the images that the newest states of a project stand on. */
export function imagesKeptFor(generations: readonly GenerationSummary[]): string[] {
  const states = generations.filter(({ images }) => Object.keys(images).length > 0).slice(-generationsWithImages);
  return states.flatMap(({ images }) => Object.values(images).map(({ id }) => id));
}
