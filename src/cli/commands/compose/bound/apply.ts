/** `gantry apply FILE`: carries out the plan of a file, that one and no other. */
import { resolve } from "node:path";
import { type Drawn, planAfterImages } from "../../../../apply/bound/after-images.js";
import { aDigester, type Digester, digestPaths } from "../../../../apply/bound/digest-files.js";
import { observeProject } from "../../../../apply/observe.js";
import { boundBuildsOf } from "../../../../apply/rebuild/build-memory.js";
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { Project } from "../../../../compose/project.js";
import { basisOf, filesOf } from "../../../../plan/bound/basis.js";
import { movedFiles, otherOperations, planMoved, whatMoved } from "../../../../plan/bound/moved.js";
import { checkSeal, parsePlanDocument } from "../../../../plan/bound/parse-document.js";
import { digestPlan, optionsOf, type PlanDocument, planDocument } from "../../../../plan/bound/plan-document.js";
import type { ObservedState } from "../../../../plan/observed.js";
import type { Plan } from "../../../../plan/operation.js";
import { planStages, planWhole, type Stages } from "../../../../plan/stages/stages.js";
import type { CliContext } from "../../../context.js";
import { boundBuilds, buildMemory } from "../build/build-look.js";
import { seedOfUp } from "../history/generation-seed.js";
import { loadModel } from "../load.js";
import { type RunOptions, runPlan, takeLock } from "../run-plan.js";
import { sayNothingToDo } from "../up.js";
import { readPlanFile } from "./plan-file.js";

/** Exit code 4, and nothing is done, when files or what runs have moved since; else as `up -d`. */
export async function apply(
  context: CliContext,
  flags: { waitLock: boolean; yes?: boolean },
  path: string,
): Promise<void> {
  const document = parsePlanDocument(await readPlanFile(path, resolve(context.cwd, path)), path);
  checkFlags(context);
  const digester = await aDigester();
  checkMaker(context, document, digester);
  checkSeal(document, digester.digest, path);
  const known = Object.keys(document.basis.files);
  refuse(movedFiles(document.basis.files, await digestPaths(known, digester)));
  const then = asThen(context, document);
  const project = await loadModel(then, document.options.services);
  if (!project) return;
  if (project.remotes) await (await import("../remotes.js")).confirmRemotes(context, project, flags.yes);
  const client = await context.connect();
  await using _lock = await takeLock(context, client, {
    project: project.name,
    command: "apply",
    wait: flags.waitLock,
  });
  const builds = boundBuilds(context, path);
  const observed = await observeProject(client, project, { signal: context.signal, builds });
  const plan = await samePlan(document, { project, observed, digester });
  const drawn = { plan, project, observed, options: optionsOf(document) };
  const stages = planStages(project, observed, drawn.options);
  // Pulls may take minutes before a build begins: it looks once more.
  const remember = buildMemory(context, boundBuildsOf(project, observed, builds.without));
  const run = { command: "apply", project, builds: { remember } };
  const last = stages ? await afterImages(then, client, { ...drawn, stages, run }) : drawn;
  if (!last) return;
  await runPlan(then, client, last.plan, { ...run, generation: seedOfUp("apply", project, last) });
  if (plan.operations.length === 0 && !context.globals.dryRun) sayNothingToDo(context, project);
}

/** Brings the images, and draws what is left to do; undefined when they could not be brought: the exit code is set. */
async function afterImages(
  context: CliContext,
  client: EngineClient,
  drawn: Drawn & { readonly stages: Stages; readonly run: RunOptions },
): Promise<Drawn | undefined> {
  if (context.globals.dryRun) return drawn;
  const { outcome } = await runPlan(context, client, drawn.stages.images, drawn.run);
  return outcome === "succeeded" ? planAfterImages(client, drawn, context.signal) : undefined;
}

/** The plan that is drawn now, which must be the one of the file. Throws "plan-moved" with what is not as it was. */
async function samePlan(
  document: PlanDocument,
  { project, observed, digester }: { project: Project; observed: ObservedState; digester: Digester },
): Promise<Plan> {
  const { digest } = digester;
  const files = await digestPaths(filesOf(project), digester);
  const basis = basisOf(project, observed, { files, digest });
  refuse(whatMoved(document.basis, basis));
  const options = optionsOf(document);
  const plan = planWhole(project, observed, options);
  if (digestPlan(plan, digest) !== document.plan) {
    refuse(otherOperations(document, planDocument(plan, { ...document, options }, digest).operations));
  }
  return plan;
}

function refuse(moved: readonly string[]): void {
  if (moved.length > 0) throw planMoved("The plan was made from something else; nothing was changed", moved);
}

/** Another version may plan otherwise, and another key makes other digests of the same. */
function checkMaker({ version }: CliContext, { madeBy, key }: PlanDocument, digester: Digester): void {
  if (madeBy !== version) refuse([`Gantry: the plan was made by version ${madeBy}, this is ${version}`]);
  if (key !== digester.key) {
    refuse(["the key: another user, or another machine, made the plan (~/.local/state/gantry/secret-key)"]);
  }
}

function checkFlags({ globals }: CliContext): void {
  const { file, projectName, instance, projectDirectory, envFile, profile } = globals;
  if ([file, projectName, instance, projectDirectory, envFile, profile].every((value) => value === undefined)) return;
  throw new GantryError("bad-usage", "A plan knows its project: -f, -p and their like cannot be given to apply");
}

/** The command line of when the plan was made; the engine and how things are shown are today's. */
function asThen(context: CliContext, { request }: PlanDocument): CliContext {
  const { cwd, ...globals } = request;
  return {
    ...context, // a class instance: its methods are not its own members
    cwd,
    globals: { ...context.globals, ...globals },
    recorder: context.recorder,
    connectAhead: () => context.connectAhead(),
    connect: () => context.connect(),
    chooseEngine: () => context.chooseEngine(),
    dockerConfig: () => context.dockerConfig(),
    checkHost: () => context.checkHost(),
    takeSignals: (listener) => context.takeSignals(listener),
    takeEndings: (listener) => context.takeEndings(listener),
    finish: (exitCode) => context.finish(exitCode),
  };
}
