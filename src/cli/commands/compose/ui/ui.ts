/** `gantry ui`: opens the door to the world for the full-screen console of `tui/`. */
import { pid } from "node:process";
import type { Drawn } from "../../../../apply/bound/after-images.js";
import type { ConsoleWorld, LoadedProject, Wish } from "../../../../apply/console.js";
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { Project } from "../../../../compose/project.js";
import type { Plan } from "../../../../plan/operation.js";
import type { Stages } from "../../../../plan/stages/stages.js";
import type { CliContext } from "../../../context.js";
import { withFinish } from "../../../with-finish.js";
import { buildLook } from "../build/build-look.js";
import { wantsColor } from "../output/terminal.js";
import { surroundingsOf } from "../run-plan.js";
import { loadForConsole } from "./load-for-console.js";

/** Throws "bad-parameter" without a terminal that can be drawn on. */
export async function ui(context: CliContext): Promise<void> {
  const { stdin, stdout, env } = context;
  if (!stdin.isTTY || !stdout.isTTY || env.TERM === "dumb" || !context.loadConsole) {
    throw new GantryError("bad-parameter", "gantry ui needs a terminal that it can draw on", {
      hint: "Elsewhere use gantry ps, gantry logs and gantry plan",
    });
  }
  context.connectAhead();
  const run = await context.loadConsole();
  await run(worldOf(context));
}

function worldOf(context: CliContext): ConsoleWorld {
  const { stdin, stdout, clock, version, signal } = context;
  const staged = new WeakMap<Plan, Staged>();
  return {
    ...{ stdin, stdout, clock, version, signal },
    color: wantsColor(context, stdout),
    ...(namesProject(context) ? {} : { folder: context.cwd }),
    connect: () => context.connect(),
    load: (other) => loadForConsole(context, other),
    plan: async (loaded, wish) => {
      const drawn = await drawPlan(context, loaded, wish);
      if ("stages" in drawn) staged.set(drawn.plan, drawn);
      return drawn.plan;
    },
    apply: (loaded, plan, run) => applyUnderLock(context, { loaded, plan, staged: staged.get(plan) }, run),
    shell: (containerId) => openShell(context, containerId),
    browse: async (url) => (await import("../instances/open-url.js")).openUrl(context, url),
    takeEndings: (listener) => context.takeEndings(listener),
  };
}

/** True when the project is not simply the one of this folder. */
function namesProject({ globals, env }: CliContext): boolean {
  const { file = [], projectName, projectDirectory, instance } = globals;
  const words = [
    projectName,
    projectDirectory,
    instance,
    env.COMPOSE_FILE,
    env.COMPOSE_PROJECT_NAME,
    env.GANTRY_INSTANCE,
  ];
  return file.length > 0 || words.some(Boolean);
}

/** A plan that brings images first. */
type Staged = Drawn & { readonly stages: Stages };

/** As the command of the same name draws it. */
async function drawPlan(
  context: CliContext,
  { name, project }: LoadedProject,
  wish: Wish,
): Promise<Staged | { readonly plan: Plan }> {
  const client = await context.connect();
  const { signal } = context;
  if (wish.kind === "up" || wish.kind === "scale") {
    if (!project) throw noFiles(name);
    const [{ observeProject }, { planStages, planWhole }, { upOptions }] = await Promise.all([
      import("../../../../apply/observe.js"),
      import("../../../../plan/stages/stages.js"),
      import("../up.js"),
    ]);
    const services = wish.kind === "up" ? wish.services : [wish.service];
    const flags = wish.kind === "up" ? {} : { scale: [`${wish.service}=${wish.count}`] };
    const observed = await observeProject(client, project, { signal, builds: buildLook(context) });
    const options = upOptions(context, flags, services);
    const drawn = { plan: planWhole(project, observed, options), project, observed, options };
    const stages = planStages(project, observed, options);
    return stages ? { ...drawn, stages } : drawn;
  }
  const { planRestart, planStart, planStop } = await import("../../../../plan/plan-lifecycle.js");
  const { model, observed } = await observe(client, { name: name ?? "", project, signal });
  const { services } = wish;
  switch (wish.kind) {
    case "start":
      return { plan: planStart(model, observed, { services, wait: false }) };
    case "stop":
      return { plan: planStop(model, observed, { services }) };
    case "restart":
      return { plan: planRestart(model, observed, { services, noDeps: false }) };
  }
}

async function observe(
  client: EngineClient,
  { name, project, signal }: { name: string; project: Project | undefined; signal: AbortSignal },
) {
  const { observeResources } = await import("../../../../apply/observe.js");
  const { rebuildProject } = await import("../../../../plan/service/rebuilt-project.js");
  const observed = await observeResources(client, name, { signal });
  return { model: project ?? rebuildProject(name, observed), observed };
}

async function applyUnderLock(
  context: CliContext,
  { loaded, plan, staged }: { loaded: LoadedProject; plan: Plan; staged: Staged | undefined },
  run: Parameters<ConsoleWorld["apply"]>[2],
): ReturnType<ConsoleWorld["apply"]> {
  const client = await context.connect();
  const [{ applyPlan }, { lockProject }] = await Promise.all([
    import("../../../../apply/apply-plan.js"),
    import("../../../../apply/project-lock.js"),
  ]);
  await using _lock = await lockProject(client, plan.project, {
    holder: `gantry ui (pid ${pid})`,
    wait: false,
    signal: run.signal,
    onWaiting: () => {},
  });
  const { project } = loaded;
  const surroundings = await surroundingsOf(context, { ...(project ? { project } : {}), builds: {} });
  if (!staged) return applyPlan(plan, client, { ...surroundings, ...run });
  const first = await applyPlan(staged.stages.images, client, { ...surroundings, ...run });
  if (first.outcome !== "succeeded") return first;
  const { planAfterImages } = await import("../../../../apply/bound/after-images.js");
  const { plan: rest } = await planAfterImages(client, staged, run.signal);
  return applyPlan(rest, client, { ...surroundings, ...run });
}

/** The shell's exit code is no news here: whoever typed in it knows. */
async function openShell(context: CliContext, containerId: string): Promise<void> {
  const { containerExec } = await import("../../engine-objects/container/exec.js");
  const lent = withFinish(context, () => {});
  const asShell = ["sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"];
  await containerExec(lent, { tty: true, interactive: true, env: ["TERM"] }, [containerId, ...asShell]);
}

function noFiles(name: string | undefined): GantryError {
  return new GantryError("compose-file-not-found", `No Compose file of project ${name ?? ""} is known`);
}
