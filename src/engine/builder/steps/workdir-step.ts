/** WORKDIR: the directory is made where it is missing. Touches the world through the rooms. */
import type { PlannedStep } from "../perform-step.js";
import type { StepPlace } from "./step-place.js";

/** `path` is absolute. */
export function planWorkdir({ session, layers }: StepPlace, path: string): PlannedStep {
  const chainIds = layers.map(({ chainId }) => chainId);
  const { epochSeconds } = session;
  return {
    inputs: { kind: "workdir", chain: chainIds.at(-1) ?? "", path, epoch: epochSeconds ?? null },
    description: `WORKDIR ${path}`,
    make: () =>
      session.rooms.snapshots.change(
        chainIds,
        (root) => session.rooms.workers.makeDirectory({ root, path }),
        epochSeconds === undefined ? {} : { epochSeconds },
      ),
  };
}
