/** Containers of RUN steps are known by a label: what a crash leaves of them is removed at the next start. */
import type { Containers } from "../containers/containers.js";

/** Its value is the build's id. */
export const buildLabel = "gantry.build";

export async function sweepBuildContainers(containers: Containers): Promise<void> {
  for (const { Id } of containers.list({ all: true, filters: { label: [buildLabel] } })) {
    await containers.remove(Id, { force: true, volumes: true });
  }
}
