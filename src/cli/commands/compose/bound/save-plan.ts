/** `gantry plan -o FILE`: the plan, bound to what it was drawn from. */
import { resolve } from "node:path";
import { aDigester, digestPaths } from "../../../../apply/bound/digest-files.js";
import { GantryError } from "../../../../base/errors.js";
import type { Project } from "../../../../compose/project.js";
import { basisOf, filesOf } from "../../../../plan/bound/basis.js";
import { type PlanRequest, planDocument } from "../../../../plan/bound/plan-document.js";
import type { ObservedState } from "../../../../plan/observed.js";
import type { Plan } from "../../../../plan/operation.js";
import type { UpOptions } from "../../../../plan/up-options.js";
import type { CliContext } from "../../../context.js";
import { writePlanFile } from "./plan-file.js";

/** Writes it whole, for its owner alone. Throws "bad-parameter" for files of standard input, which nobody has later. */
export async function savePlan(
  context: CliContext,
  path: string,
  drawn: { plan: Plan; project: Project; observed: ObservedState; options: UpOptions },
): Promise<void> {
  if (context.globals.file?.includes("-")) {
    throw new GantryError("bad-parameter", "A plan of standard input cannot be carried out later", {
      hint: "Write the Compose file, and name it with -f",
    });
  }
  const digester = await aDigester();
  const files = await digestPaths(filesOf(drawn.project), digester);
  const facts = {
    ...{ madeBy: context.version, madeAt: context.clock.now().toISOString(), key: digester.key },
    request: requestOf(context),
    options: drawn.options,
    basis: basisOf(drawn.project, drawn.observed, { files, digest: digester.digest }),
  };
  const document = planDocument(drawn.plan, facts, digester.digest);
  await writePlanFile(resolve(context.cwd, path), `${JSON.stringify(document, null, 2)}\n`);
}

function requestOf({ cwd, globals }: CliContext): PlanRequest {
  const { file, projectName, instance, projectDirectory, envFile, profile, allResources, compatibility } = globals;
  const all = { file, projectName, instance, projectDirectory, envFile, profile, allResources, compatibility };
  return {
    cwd,
    ...(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as typeof globals),
  };
}
