/** Which objects a prune takes, by its filters `until`, `label` and `label!`. Pure. */
import { GantryError } from "../../base/errors.js";
import { type Filters, matchesLabels } from "../../wire/filters.js";

export interface Prunable {
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
}

/** A test for objects; throws "bad-parameter" at once for a time that is none. */
export function prunes(filters: Filters, nowMs: number): (object: Prunable) => boolean {
  const before = (filters.until ?? []).map((text) => parseMoment(text, nowMs));
  const refused = filters["label!"] ?? [];
  return ({ labels, createdMs }) =>
    before.every((limit) => createdMs < limit) &&
    matchesLabels(labels, filters.label) &&
    !(refused.length > 0 && refused.some((label) => matchesLabels(labels, [label])));
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Seconds since the epoch, an RFC 3339 time or date, or a duration (`1h30m`) before now. */
function parseMoment(text: string, nowMs: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    return nowMs - parts.reduce((sum, [, value, unit = "s"]) => sum + Number(value) * (unitMs[unit] ?? 0), 0);
  }
  const moment = Date.parse(text);
  if (!Number.isNaN(moment)) return moment;
  throw new GantryError("bad-parameter", `failed to parse value as time or duration: "${text}"`);
}
