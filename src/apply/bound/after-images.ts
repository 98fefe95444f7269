/** The second stage of a plan that somebody has seen: what the images that came make necessary, and nothing else. */
import type { EngineClient } from "../../client/engine-client.js";
import type { Project } from "../../compose/project.js";
import { planMoved } from "../../plan/bound/moved.js";
import type { ObservedState } from "../../plan/observed.js";
import type { Plan } from "../../plan/operation.js";
import { planUp } from "../../plan/plan-up.js";
import { printOperation } from "../../plan/print-plan.js";
import { type Stages, unannounced } from "../../plan/stages/stages.js";
import type { UpOptions } from "../../plan/up-options.js";
import { observeProject } from "../observe.js";

/** A plan, and what it was drawn from. */
export interface Drawn {
  readonly plan: Plan;
  readonly project: Project;
  readonly observed: ObservedState;
  readonly options: UpOptions;
}

/**
 * Looks again once the images of the first stage are there, and draws the rest. Throws "plan-moved" when something has
 * to be done now that the plan did not tell.
 */
export async function planAfterImages(
  client: EngineClient,
  { project, observed: before, options, stages }: Drawn & { readonly stages: Stages },
  signal: AbortSignal,
): Promise<Drawn> {
  const now = await observeProject(client, project, { signal });
  const fresh = { ...options, imagesAreFresh: true };
  const plan = planUp(project, now, fresh);
  const surprises = unannounced(plan, { stages, project, options, before, now });
  if (surprises.length > 0) {
    throw planMoved(
      "Something has to be done now that the plan does not tell; images were brought, and nothing else was done",
      surprises.map((op) => printOperation(op)),
    );
  }
  return { plan, project, observed: now, options: fresh };
}
