/**
 * Finds the result of a step that changes files, or has it made: once, however many builds ask for it.
 *
 * Touches the world through the rooms.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/json.js";
import type { Tell } from "./build-request.js";
import type { BuildRooms } from "./rooms.js";
import type { MadeLayer } from "./snapshots.js";
import type { CachedStep } from "./step-cache.js";

export interface StepRequest {
  /** Everything that the result depends on. */
  readonly inputs: unknown;
  readonly description: string;
  /** Undefined: the cache is read. Else a word that tells this build from others. */
  readonly afresh: string | undefined;
  readonly createdAt: () => string;
  make(tell: Tell, signal: AbortSignal): Promise<MadeLayer>;
  /** Told of work that has begun: others may wait for it when the build that began it has left. */
  track(work: Promise<unknown>): void;
}

/** What a kind of step knows of its request. */
export type PlannedStep = Pick<StepRequest, "inputs" | "description" | "make">;

/** The messages of a step that somebody who joins late still gets. More would fill the memory. */
const maxReplayed = 2000;

/** `wasCached`: nothing was done. */
export async function performStep(
  rooms: BuildRooms,
  request: StepRequest,
  { tell, signal }: { tell: Tell; signal: AbortSignal },
): Promise<{ step: CachedStep; wasCached: boolean }> {
  const key = keyOf(request.inputs);
  const known = request.afresh === undefined ? await usable(rooms, key) : undefined;
  if (known) return { step: known, wasCached: true };
  const step = await rooms.flights.run(
    `${key}${request.afresh ?? ""}`,
    { signal, listen: ({ message }) => tell(message) },
    async (shared, spread) => {
      let number = 0;
      const making = request.make((message) => {
        number += 1;
        spread({ number: Math.min(number, maxReplayed), message });
      }, shared);
      request.track(making);
      const { layer, sizeBytes } = await making;
      const { description, createdAt } = request;
      const made = { key, description, createdAt: createdAt(), sizeBytes };
      return rooms.cache.keep(layer ? { ...made, layer } : made);
    },
  );
  return { step, wasCached: false };
}

/** Remembers when a step without files was first made, so that the same build gives the same image. */
export function stampStep(
  rooms: BuildRooms,
  request: Pick<StepRequest, "inputs" | "description" | "afresh" | "createdAt">,
): { step: CachedStep; wasCached: boolean } {
  const key = keyOf(request.inputs);
  const known = request.afresh === undefined ? rooms.cache.find(key) : undefined;
  if (known) return { step: known, wasCached: true };
  const { description, createdAt } = request;
  return { step: rooms.cache.keep({ key, description, createdAt: createdAt(), sizeBytes: 0 }), wasCached: false };
}

export function keyOf(inputs: unknown): string {
  return createHash("sha256").update(canonicalJson(inputs)).digest("hex");
}

async function usable({ cache, snapshots }: BuildRooms, key: string): Promise<CachedStep | undefined> {
  const step = cache.find(key);
  if (!step?.layer || snapshots.has(step.layer)) return step;
  // Only a step that came from elsewhere may have a layer that was never unpacked.
  if (step.layer.chainId === step.layer.diffId || step.parent !== undefined) {
    if (await snapshots.restore(step.layer, step.parent)) return step;
  }
  void cache.forget(key);
  return undefined;
}
