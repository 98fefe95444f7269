/** `gantry plan` and `scale`: what `up` would do, or a part of it. */
import { GantryError } from "../../../base/errors.js";
import type { Project } from "../../../compose/project.js";
import type { ObservedState } from "../../../plan/observed.js";
import type { Plan } from "../../../plan/operation.js";
import type { PlanStyle } from "../../../plan/print-plan.js";
import type { CliContext } from "../../context.js";
import { styleFor } from "../../views/style.js";
import { boundBuilds, buildLook } from "./build/build-look.js";
import { seedOfUp } from "./history/generation-seed.js";
import { loadModel } from "./load.js";
import { wantsColor } from "./output/terminal.js";
import { runPlan, takeLock } from "./run-plan.js";
import { parseScale, planOrPull, sayNothingToDo, type UpFlags, upOptions } from "./up.js";

/** As diff does: 0 nothing to do, 1 an error, 2 something to do. */
export const changesExitCode = 2;

/** Prints the plan that `up` with the same flags would carry out; changes nothing. */
export async function plan(
  context: CliContext,
  flags: Partial<UpFlags> & { format?: string; exitCode?: boolean; output?: string },
  services: readonly string[],
): Promise<void> {
  const { format = "text" } = flags;
  if (format !== "text" && format !== "json" && format !== "dot") {
    throw new GantryError("bad-usage", "--format: use text, json or dot");
  }
  const project = await loadModel(context, services);
  if (!project) return;
  const client = await context.connect();
  const [{ observeProject }, { planWhole }] = await Promise.all([
    import("../../../apply/observe.js"),
    import("../../../plan/stages/stages.js"),
  ]);
  const builds = flags.output === undefined ? buildLook(context) : boundBuilds(context, flags.output);
  const observed = await observeProject(client, project, { signal: context.signal, builds });
  const options = upOptions(context, flags, services);
  const drawn = await withWarnings(project, observed, planWhole(project, observed, options));
  if (flags.output !== undefined) {
    const { savePlan } = await import("./bound/save-plan.js");
    await savePlan(context, flags.output, { plan: drawn, project, observed, options });
  }
  context.stdout.write(await printed(context, drawn, format));
  if (flags.exitCode && drawn.operations.length > 0) context.finish(changesExitCode);
}

/** With what `up` does nothing about, and does not look for. */
async function withWarnings(project: Project, observed: ObservedState, drawn: Plan): Promise<Plan> {
  if (![...project.services.values()].some(({ build }) => build)) return drawn;
  const { staleContextWarnings } = await import("../../../apply/build/stale-contexts.js");
  return { ...drawn, warnings: [...drawn.warnings, ...(await staleContextWarnings(project, observed, drawn))] };
}

/** `up -d --scale` of the services that are named, and of nothing else that runs. */
export async function scale(
  context: CliContext,
  flags: { deps: boolean; waitLock: boolean },
  words: readonly string[],
): Promise<void> {
  const services = [...parseScale(words).keys()];
  const project = await loadModel(context, services);
  if (!project) return;
  const client = await context.connect();
  await using _lock = await takeLock(context, client, {
    project: project.name,
    command: "scale",
    wait: flags.waitLock,
  });
  const options = upOptions(context, { scale: words, deps: flags.deps }, services);
  const { plan: drawn, observed, isFailed } = await planOrPull(context, client, { project, options });
  if (isFailed) return;
  const generation = seedOfUp("scale", project, { options, observed });
  await runPlan(context, client, drawn, { command: "scale", project, generation });
  if (drawn.operations.length === 0) sayNothingToDo(context, project);
}

async function printed(context: CliContext, drawn: Plan, format: "text" | "json" | "dot"): Promise<string> {
  if (format === "dot") return (await import("../../../plan/print/print-dot.js")).planToDot(drawn);
  const { planToJson, printPlan } = await import("../../../plan/print-plan.js");
  if (format === "json") return `${JSON.stringify(planToJson(drawn), null, 2)}\n`;
  return printPlan(drawn, { baseDir: context.cwd, style: planStyle(context) });
}

/** Colours of what comes and goes, where the terminal has any. */
export function planStyle(context: CliContext): PlanStyle {
  const { green, yellow, red, dim } = styleFor(wantsColor(context, context.stdout));
  return { add: green, change: yellow, remove: red, dim };
}
