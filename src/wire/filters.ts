/** The `filters` query parameter: JSON in two spellings, `{"label":["a=b"]}` and `{"label":{"a=b":true}}`. Pure. */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";

export type Filters = Readonly<Record<string, readonly string[]>>;

/** The spelling that every engine takes. */
export function encodeFilters(filters: Filters): string {
  return JSON.stringify(filters);
}

/** Both spellings; absent and "" mean none. Throws "bad-parameter" for other JSON and for a key outside `allowed`. */
export function decodeFilters(text: string | undefined, allowed: readonly string[]): Filters {
  if (!text) return {};
  const parsed = parseJson(text);
  const filters: Record<string, string[]> = {};
  for (const [key, value] of Object.entries(parsed)) {
    if (!allowed.includes(key)) throw new GantryError("bad-parameter", `Invalid filter '${key}'`);
    filters[key] = filterValues(key, value);
  }
  return filters;
}

/** Label filters: `k` asks for presence, `k=v` for equality; all of them must hold. */
export function matchesLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[] = []): boolean {
  return wanted.every((want) => {
    const at = want.indexOf("=");
    return at < 0 ? want in labels : labels[want.slice(0, at)] === want.slice(at + 1);
  });
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch {}
  throw new GantryError("bad-parameter", `Invalid filters: ${text}`);
}

function filterValues(key: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  if (isRecord(value)) return Object.keys(value).filter((name) => value[name] !== false);
  throw new GantryError("bad-parameter", `Invalid filter '${key}'`);
}
