/** Plans the command of a `sync+exec` rule: in every running replica of the service. Pure. */
import type { HookSpec, Project } from "../../compose/project.js";
import type { ObservedState } from "../observed.js";
import type { Plan } from "../operation.js";
import { PlanBuilder } from "../plan-builder.js";
import { execBody } from "../steps/hooks.js";
import { refOf } from "../up-draft.js";

/** An empty plan when no replica runs. */
export function planWatchExec(
  project: Project,
  observed: ObservedState,
  { service, hook }: { service: string; hook: HookSpec },
): Plan {
  const builder = new PlanBuilder();
  for (const container of observed.containers) {
    if (container.service !== service || container.isOneOff || container.state !== "running") continue;
    const ref = refOf(container);
    builder.add({ kind: "run-hook", container: ref, hook: "watch", body: execBody(hook) }, "files changed");
  }
  return builder.build(project.name);
}
