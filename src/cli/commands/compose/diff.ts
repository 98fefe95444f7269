/** `gantry diff`: what of the project is not as its files say. */
import { GantryError } from "../../../base/errors.js";
import type { CliContext } from "../../context.js";
import { loadModel } from "./load.js";
import { changesExitCode, planStyle } from "./plan.js";
import { upOptions } from "./up.js";

/** Prints differences and changes nothing; with `--exit-code` it ends with 2 when there are any. */
export async function diff(
  context: CliContext,
  flags: { format?: string; exitCode?: boolean },
  services: readonly string[],
): Promise<void> {
  const { format = "text" } = flags;
  if (format !== "text" && format !== "json") throw new GantryError("bad-usage", "--format: use text or json");
  const project = await loadModel(context, services);
  if (!project) return;
  const unknown = services.find((name) => !project.services.has(name));
  if (unknown !== undefined) {
    throw new GantryError("bad-parameter", `no such service: ${unknown}`, {
      hint: `For what a container wrote: gantry container diff ${unknown}`,
    });
  }
  const client = await context.connect();
  const [{ observeProject }, { driftOf }, { printDrift }] = await Promise.all([
    import("../../../apply/observe.js"),
    import("../../../plan/compare/drift.js"),
    import("../../../plan/print/print-drift.js"),
  ]);
  const observed = await observeProject(client, project, { signal: context.signal });
  const drift = driftOf(project, observed, { ...upOptions(context, {}, services), noDeps: true });
  context.stdout.write(
    format === "json"
      ? `${JSON.stringify({ version: 1, project: project.name, differences: drift }, null, 2)}\n`
      : printDrift(project.name, drift, { baseDir: context.cwd, style: planStyle(context) }),
  );
  if (flags.exitCode && drift.length > 0) context.finish(changesExitCode);
}
