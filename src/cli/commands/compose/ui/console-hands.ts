/**
 * What the console does to projects: the very same as the commands of the same names, with another place for what is
 * told. Plans that somebody looks at are bound to what they were drawn from.
 */
import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import type { FailureCard } from "../../../../apply/apply-events.js";
import type { Drawn } from "../../../../apply/bound/after-images.js";
import { aDigester, type Digester, digestPaths } from "../../../../apply/bound/digest-files.js";
import type { ConsoleRun, LoadedProject, RunOutcome, Wish } from "../../../../apply/console.js";
import type { EventRenderer } from "../../../../apply/event-renderer.js";
import { observeProject, observeResources } from "../../../../apply/observe.js";
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { Project } from "../../../../compose/project.js";
import { basisOf, filesOf } from "../../../../plan/bound/basis.js";
import { planMoved, whatMoved } from "../../../../plan/bound/moved.js";
import type { Basis } from "../../../../plan/bound/plan-document.js";
import type { ObservedState } from "../../../../plan/observed.js";
import type { Plan } from "../../../../plan/operation.js";
import { planRestart, planStart, planStop } from "../../../../plan/plan-lifecycle.js";
import { rebuildProject } from "../../../../plan/service/rebuilt-project.js";
import { planStages, planWhole } from "../../../../plan/stages/stages.js";
import type { CliContext } from "../../../context.js";
import { withFinish } from "../../../with-finish.js";
import { buildLook } from "../build/build-look.js";
import { seedOfUp } from "../history/generation-seed.js";
import { asksAboutRemotes, confirmRemotes } from "../remotes.js";
import { type RunOptions, runPlan, takeLock } from "../run-plan.js";
import { planOrPull, upOptions } from "../up.js";

type UpWish = Extract<Wish, { kind: "up" | "scale" }>;
type LifecycleWish = Exclude<Wish, UpWish>;

/** A plan on the screen, and what it was drawn from. */
type Shown =
  | (Drawn & { readonly kind: "up"; readonly wish: UpWish; readonly basis: Basis })
  | { readonly kind: "lifecycle"; readonly wish: LifecycleWish; readonly loaded: LoadedProject };

export class ConsoleHands {
  readonly #context: CliContext;
  readonly #shown = new WeakMap<Plan, Shown>();
  /** The digests do not leave this process, so that the key need not either. */
  readonly #digester: Promise<Digester> = aDigester(async () => randomBytes(32));
  /** Projects from elsewhere that were trusted, as they were then. */
  readonly #trusted = new Set<string>();

  constructor(context: CliContext) {
    this.#context = context;
  }

  async mustTrust({ project }: LoadedProject): Promise<boolean> {
    return project !== undefined && asksAboutRemotes(project) && !this.#trusted.has(await this.#nameOf(project));
  }

  /** Throws "cancelled" for a no. */
  async trust({ project }: LoadedProject): Promise<void> {
    if (!project) return;
    await confirmRemotes(this.#context, project, false);
    this.#trusted.add(await this.#nameOf(project));
  }

  async plan(loaded: LoadedProject, wish: Wish): Promise<Plan> {
    const client = await this.#context.connect();
    if (!isUp(wish)) {
      const { plan } = await drawLifecycle(client, loaded, wish);
      this.#shown.set(plan, { kind: "lifecycle", wish, loaded });
      return plan;
    }
    const project = projectOf(loaded);
    const observed = await this.#observe(client, project);
    const options = optionsOf(this.#context, wish);
    const plan = planWhole(project, observed, options);
    const basis = await this.#basisOf(project, observed);
    this.#shown.set(plan, { kind: "up", wish, plan, project, observed, options, basis });
    return plan;
  }

  async carryOut(loaded: LoadedProject, wish: Wish, run: ConsoleRun): Promise<RunOutcome> {
    const client = await this.#context.connect();
    const { signal } = run;
    const stage = new Stage(this.#context, run);
    if (!isUp(wish)) {
      await using _lock = await this.#lock(client, nameOf(loaded), signal);
      const { plan, project } = await drawLifecycle(client, loaded, wish);
      return stage.run(client, plan, project ? { project } : {});
    }
    const project = projectOf(loaded);
    await this.#mustBeTrusted(project);
    await using _lock = await this.#lock(client, project.name, signal);
    const options = optionsOf(this.#context, wish);
    const asked = { project, options, signal, renderer: stage.renderer };
    const { plan, observed, isFailed } = await planOrPull(stage.context, client, asked);
    if (isFailed) return stage.ended();
    return stage.run(client, plan, { project, generation: seedOfUp(wish.kind, project, { options, observed }) });
  }

  async apply(plan: Plan, run: ConsoleRun): Promise<RunOutcome> {
    const shown = this.#shown.get(plan);
    if (!shown) throw new GantryError("bad-parameter", "This plan was drawn by somebody else");
    const client = await this.#context.connect();
    const stage = new Stage(this.#context, run);
    await using _lock = await this.#lock(client, plan.project, run.signal);
    if (shown.kind === "lifecycle") {
      const { plan: now, project } = await drawLifecycle(client, shown.loaded, shown.wish);
      refuse(otherOperations(plan, now));
      return stage.run(client, plan, project ? { project } : {});
    }
    const { project, observed, options, basis, wish } = shown;
    await this.#mustBeTrusted(project);
    refuse(whatMoved(basis, await this.#basisOf(project, await this.#observe(client, project))));
    const stages = planStages(project, observed, options);
    let last: Drawn = shown;
    if (stages) {
      const images = await stage.run(client, stages.images, { project });
      if (images.outcome !== "succeeded") return images;
      const { planAfterImages } = await import("../../../../apply/bound/after-images.js");
      last = await planAfterImages(client, { ...shown, stages }, run.signal);
    }
    return stage.run(client, last.plan, { project, generation: seedOfUp(wish.kind, project, last) });
  }

  #observe(client: EngineClient, project: Project): Promise<ObservedState> {
    return observeProject(client, project, { signal: this.#context.signal, builds: buildLook(this.#context) });
  }

  async #basisOf(project: Project, observed: ObservedState): Promise<Basis> {
    const digester = await this.#digester;
    const files = await digestPaths(filesOf(project), digester);
    return basisOf(project, observed, { files, digest: digester.digest });
  }

  /** Another content of its files is another project to be asked about. */
  async #nameOf(project: Project): Promise<string> {
    const { files, model } = await this.#basisOf(
      project,
      (await import("../../../../plan/observed.js")).nothingObserved,
    );
    return JSON.stringify([project.name, model, files]);
  }

  async #mustBeTrusted(project: Project): Promise<void> {
    if (!asksAboutRemotes(project) || this.#trusted.has(await this.#nameOf(project))) return;
    throw new GantryError("cancelled", "This project has files from elsewhere, which nobody has said to trust", {
      hint: "Look at them with: gantry config",
    });
  }

  #lock(client: EngineClient, project: string, signal: AbortSignal): Promise<AsyncDisposable> {
    return takeLock(this.#context, client, { project, command: "ui", wait: false, signal });
  }
}

/** Where the plans of one wish are carried out: events go to the console, and so does what a command would print. */
class Stage {
  readonly context: CliContext;
  readonly renderer: EventRenderer;
  readonly #run: ConsoleRun;
  readonly #failures: FailureCard[] = [];
  #outcome: RunOutcome["outcome"] = "succeeded";

  constructor(context: CliContext, run: ConsoleRun) {
    this.#run = run;
    const at = () => context.clock.now().toISOString();
    const warn = (message: string) => run.emit({ at: at(), kind: "warning", message });
    this.renderer = {
      show: (event) => {
        if (event.kind === "failed") this.#failures.push(event.failure);
        if (event.kind === "run-ended") this.#outcome = event.outcome;
        run.emit(event);
      },
      tell: () => {},
      close: async () => {},
    };
    this.context = { ...withFinish(context, () => {}), stderr: toConsole(warn) };
  }

  async run(client: EngineClient, plan: Plan, what: Pick<RunOptions, "project" | "generation">): Promise<RunOutcome> {
    const { command, signal } = this.#run;
    const { outcome, failures } = await runPlan(this.context, client, plan, {
      ...{ command, signal, renderer: this.renderer },
      ...what,
    });
    return { outcome, failures };
  }

  /** How what was carried out last has ended. */
  ended(): RunOutcome {
    return { outcome: this.#outcome, failures: this.#failures };
  }
}

/** Standard error while the terminal is the console's: warnings are shown there; cards come with the outcome. */
function toConsole(warn: (message: string) => void): NodeJS.WriteStream {
  const sink = new Writable({
    write(text: Buffer, _encoding, done) {
      const message = /^warning: (.*)/.exec(text.toString())?.[1];
      if (message !== undefined) warn(message);
      done();
    },
  });
  return Object.assign(sink, { isTTY: false }) as unknown as NodeJS.WriteStream; // whoever writes needs no more
}

function isUp(wish: Wish): wish is UpWish {
  return wish.kind === "up" || wish.kind === "scale";
}

function optionsOf(context: CliContext, wish: UpWish) {
  return wish.kind === "up"
    ? upOptions(context, {}, wish.services)
    : upOptions(context, { scale: [`${wish.service}=${wish.count}`] }, [wish.service]);
}

async function drawLifecycle(
  client: EngineClient,
  loaded: LoadedProject,
  { kind, services }: LifecycleWish,
): Promise<{ plan: Plan; project: Project | undefined }> {
  const { project } = loaded;
  const observed = await observeResources(client, nameOf(loaded));
  const model = project ?? rebuildProject(nameOf(loaded), observed);
  switch (kind) {
    case "start":
      return { project, plan: planStart(model, observed, { services, wait: false }) };
    case "stop":
      return { project, plan: planStop(model, observed, { services }) };
    case "restart":
      return { project, plan: planRestart(model, observed, { services, noDeps: false }) };
  }
}

function otherOperations(before: Plan, now: Plan): string[] {
  const names = ({ operations }: Plan) => operations.map(({ id }) => id);
  const [shown, drawn] = [names(before), names(now)];
  return [
    ...shown.filter((id) => !drawn.includes(id)).map((id) => `no longer planned: ${id}`),
    ...drawn.filter((id) => !shown.includes(id)).map((id) => `planned now: ${id}`),
  ];
}

function refuse(moved: readonly string[]): void {
  if (moved.length > 0) throw planMoved("The plan was drawn from something else; nothing was changed", moved);
}

function nameOf({ name, project }: LoadedProject): string {
  return project?.name ?? name ?? "";
}

function projectOf({ name, project }: LoadedProject): Project {
  if (project) return project;
  throw new GantryError("compose-file-not-found", `No Compose file of project ${name ?? ""} is known`);
}
