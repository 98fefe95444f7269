/** A copy of a project as `gantry instances` lists it. Pure. */
import type { ObservedInstance } from "../../../plan/instances/observed-instances.js";

/** The titles of a copy's fields and the columns of the table. */
export const instanceListing = {
  titles: {
    ...{ Name: "INSTANCE", Project: "PROJECT", Address: "ADDRESS", Status: "STATUS", Directory: "DIRECTORY" },
    ...{ Stale: "STALE", Volumes: "VOLUMES" },
  },
  columns: ["Name", "Project", "Address", "Status", "Directory"],
} as const;

/** `stale` is why nobody comes back for it. */
export function instanceRow(instance: ObservedInstance, stale: string | undefined) {
  const { name, project, address, directory, states, volumes } = instance;
  const status = states.length > 0 ? countsOf(states) : "removed";
  return {
    ...{ Name: name, Project: project, Address: address, Directory: directory },
    Status: stale === undefined ? status : `${status}, stale: ${stale}`,
    Stale: stale ?? "",
    Volumes: volumes.join(","),
  };
}

/** `exited(1), running(2)`. */
function countsOf(states: readonly string[]): string {
  return [...Map.groupBy(states, (state) => state)].map(([state, some]) => `${state}(${some.length})`).join(", ");
}
