/** `--filter` words as the API's filters. Pure. */
import { GantryError } from "../../../base/errors.js";
import type { Filters } from "../../../wire/filters.js";

/** `label=a=b`, `status=running`; the same key again adds a value. Throws "bad-usage". */
export function parseFilters(words: readonly string[] = []): Filters {
  const filters: Record<string, string[]> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at < 1) throw new GantryError("bad-usage", `--filter: ${word} is not a filter; write it as status=running`);
    const key = word.slice(0, at);
    filters[key] = [...(filters[key] ?? []), word.slice(at + 1)];
  }
  return filters;
}
