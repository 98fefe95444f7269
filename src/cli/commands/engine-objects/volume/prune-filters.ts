/** What a prune of volumes asks of an engine, which older ones understand otherwise. Pure. */
import { GantryError } from "../../../../base/errors.js";
import type { Filters } from "../../../../wire/filters.js";

/** Since then a prune leaves named volumes alone unless it is told `all`; before it took them, and knew no `all`. */
const sparesNamesSince = [1, 42] as const;

/** Throws "not-supported" where named volumes would be removed that nobody asked for. */
export function volumePruneFilters(
  filters: Filters,
  { all, apiVersion }: { all: boolean; apiVersion: string },
): Filters {
  const [major = 0, minor = 0] = apiVersion.split(".").map(Number);
  const isOld = major === sparesNamesSince[0] && minor < sparesNamesSince[1];
  if (!isOld) return all ? { all: ["true"], ...filters } : filters;
  if (all) return filters;
  throw new GantryError("not-supported", "This engine's prune would remove named volumes too", {
    hint: "If that is wanted: gantry volume prune --all",
  });
}
