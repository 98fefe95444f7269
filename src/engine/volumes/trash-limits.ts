/**
 * How long and how much the trash keeps. Pure.
 *
 * `engine.json` may have `"trash": { "hours": 168, "maxBytes": 10737418240, "minFreeBytes": 5368709120 }`; the
 * variables `GANTRY_TRASH_HOURS` and `GANTRY_TRASH_MAX_BYTES` count before it. 0 hours or bytes: nothing is kept.
 */
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";

export interface TrashLimits {
  readonly keptMs: number;
  /** Of all volumes in the trash together. */
  readonly maxBytes: number;
  /** With less than this free on the disk nothing is kept; undefined: the smaller of a tenth of the disk and 5 GiB. */
  readonly minFreeBytes?: number;
}

const gib = 1024 ** 3;
const hourMs = 3_600_000;
const maxDefaultFreeBytes = 5 * gib;

/** A week, so that what went on a Friday is there on Monday. */
export const defaultTrashLimits: TrashLimits = { keptMs: 7 * 24 * hourMs, maxBytes: 10 * gib };

/** Out of the text of `engine.json`, if any, and the engine's variables. Throws "bad-parameter" for what is wrong. */
export function parseTrashLimits(
  config: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
): TrashLimits {
  const parsed: unknown = config === undefined ? {} : JSON.parse(config); // it was parsed before, for registries
  const { trash = {} } = isRecord(parsed) ? parsed : {};
  if (!isRecord(trash)) throw wrong("trash in engine.json", "an object");
  const hours = variable(variables, "GANTRY_TRASH_HOURS") ?? amount(trash.hours, "trash.hours in engine.json");
  const maxBytes =
    variable(variables, "GANTRY_TRASH_MAX_BYTES") ?? amount(trash.maxBytes, "trash.maxBytes in engine.json");
  const minFreeBytes = amount(trash.minFreeBytes, "trash.minFreeBytes in engine.json");
  return {
    keptMs: hours === undefined ? defaultTrashLimits.keptMs : hours * hourMs,
    maxBytes: maxBytes ?? defaultTrashLimits.maxBytes,
    ...(minFreeBytes === undefined ? {} : { minFreeBytes }),
  };
}

/** Bytes of the file system that the trash is on. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** True when the disk needs the room more than an undo does. */
export function isPressed({ freeBytes, totalBytes }: DiskSpace, { minFreeBytes }: TrashLimits): boolean {
  return freeBytes < (minFreeBytes ?? Math.min(totalBytes / 10, maxDefaultFreeBytes));
}

/** Why a volume of that size is not kept; undefined when it is. */
export function whyNotKept(sizeBytes: number, limits: TrashLimits, space: DiskSpace): string | undefined {
  if (limits.keptMs === 0 || limits.maxBytes === 0) return "the trash is turned off";
  if (isPressed(space, limits)) return "the disk is nearly full";
  return sizeBytes > limits.maxBytes ? "it is larger than all that the trash may hold" : undefined;
}

interface Kept {
  readonly id: string;
  readonly sizeBytes: number;
  readonly trashedAt: string;
  readonly expiresAt: string;
}

/** The ids of what must go: what has expired, and the oldest while it is too much. */
export function tooMuch(kept: readonly Kept[], now: Date, { maxBytes }: TrashLimits): string[] {
  let total = 0;
  return kept
    .toSorted((a, b) => (a.trashedAt > b.trashedAt ? -1 : 1))
    .filter(({ expiresAt, sizeBytes }) => {
      if (Date.parse(expiresAt) <= now.getTime()) return true;
      total += sizeBytes;
      return total > maxBytes;
    })
    .map(({ id }) => id);
}

function variable(variables: Readonly<Record<string, string | undefined>>, name: string): number | undefined {
  return amount(variables[name], name);
}

function amount(value: unknown, what: string): number | undefined {
  if (value === undefined || value === "") return undefined;
  const found = typeof value === "string" ? Number(value) : value;
  if (typeof found === "number" && Number.isFinite(found) && found >= 0) return found;
  throw wrong(what, "a number of at least 0");
}

function wrong(what: string, expected: string): GantryError {
  return new GantryError("bad-parameter", `${what} is not ${expected}`);
}
