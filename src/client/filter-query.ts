/** The `filters` parameter of list calls and of the event stream. Pure. */
import { encodeFilters, type Filters } from "../wire/filters.js";

/** Nothing for no filters: some engines refuse an empty object. */
export function filterQuery(filters: Filters | undefined): { filters?: string } {
  return filters && Object.keys(filters).length > 0 ? { filters: encodeFilters(filters) } : {};
}
