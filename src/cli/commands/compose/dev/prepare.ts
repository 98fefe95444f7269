/** What `gantry dev` would do: the plan of an `up` that waits, and the jobs that have to run behind it. */
import { digestInputs, observeVolumeAges } from "../../../../apply/dev/observe-jobs.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { DevJob } from "../../../../compose/extension.js";
import type { Project } from "../../../../compose/project.js";
import { judgeJobs } from "../../../../dev/jobs/judge-jobs.js";
import { withJobs } from "../../../../dev/jobs/plan-jobs.js";
import type { ObservedState } from "../../../../plan/observed.js";
import type { Plan } from "../../../../plan/operation.js";
import type { UpOptions } from "../../../../plan/up-options.js";
import type { CliContext } from "../../../context.js";
import { planOrPull } from "../up.js";

/** Undefined when a pull failed that had to come first: the exit code is set. */
export async function drawDevPlan(
  context: CliContext,
  client: EngineClient,
  { project, options, jobs }: { project: Project; options: UpOptions; jobs: readonly DevJob[] },
): Promise<{ plan: Plan; observed: ObservedState } | undefined> {
  const [{ plan, observed, isFailed }, volumes, inputs] = await Promise.all([
    planOrPull(context, client, { project, options }),
    jobs.length > 0 ? observeVolumeAges(client, project.name, context.signal) : [],
    digestInputs(jobs),
  ]);
  if (isFailed) return undefined;
  const due = judgeJobs(jobs, {
    ...{ project, volumes, inputs, containers: observed.containers },
    freshImages: new Set(
      plan.operations.flatMap((op) => (op.kind === "pull-image" || op.kind === "build-image" ? op.services : [])),
    ),
    created: new Set(plan.operations.flatMap((op) => (op.kind === "create-container" ? [op.service] : []))),
    started: new Set(plan.operations.flatMap((op) => (op.kind === "start-container" ? [op.container.service] : []))),
  });
  const whole = withJobs(plan, due, { project, containers: observed.containers, version: context.version });
  return { plan: whole, observed };
}
