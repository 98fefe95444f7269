/** `gantry up`: plan, carry out, and in the foreground stay with the containers' output. */

import type { EventRenderer } from "../../../apply/event-renderer.js";
import { GantryError } from "../../../base/errors.js";
import { isOfflineWanted } from "../../../base/offline.js";
import type { EngineClient } from "../../../client/engine-client.js";
import type { Project } from "../../../compose/project.js";
import type { ObservedState } from "../../../plan/observed.js";
import type { Plan } from "../../../plan/operation.js";
import { noSuchService } from "../../../plan/service/no-such-service.js";
import type { UpOptions } from "../../../plan/up-options.js";
import type { CliContext } from "../../context.js";
import { buildLook } from "./build/build-look.js";
import { seedOfUp } from "./history/generation-seed.js";
import { loadModel, wholeNumber } from "./load.js";
import { printsJson } from "./output/notice.js";
import { runPlan, takeLock } from "./run-plan.js";

/** As commander gives them. */
export interface UpFlags {
  readonly detach?: boolean;
  readonly yes?: boolean;
  readonly wait?: boolean;
  readonly waitTimeout?: string;
  readonly forceRecreate?: boolean;
  /** False with `--no-recreate`. */
  readonly recreate: boolean;
  readonly deps: boolean;
  readonly start: boolean;
  readonly removeOrphans?: boolean;
  readonly scale?: readonly string[];
  readonly pull?: string;
  readonly timeout?: string;
  readonly renewAnonVolumes?: boolean;
  readonly alwaysRecreateDeps?: boolean;
  readonly quietPull?: boolean;
  readonly abortOnContainerExit?: boolean;
  readonly abortOnContainerFailure?: boolean;
  readonly attach?: readonly string[];
  readonly noAttach?: readonly string[];
  readonly attachDependencies?: boolean;
  readonly exitCodeFrom?: string;
  readonly color: boolean;
  readonly logPrefix: boolean;
  readonly timestamps?: boolean;
  readonly build?: boolean;
  readonly noBuild?: boolean;
  readonly quietBuild?: boolean;
  readonly watch?: boolean;
  /** False with `--no-wait-lock`. */
  readonly waitLock: boolean;
}

/** Exit code 0 when all is as the files ask; 1 with cards on stderr otherwise; 130 after Ctrl-C. */
export async function up(context: CliContext, flags: UpFlags, services: readonly string[]): Promise<void> {
  checkFlags(flags);
  const options = upOptions(context, flags, services);
  const project = await loadModel(context, services);
  if (!project) return;
  if (project.services.size === 0 && !flags.removeOrphans) throw noneSelected(project);
  if (project.remotes) await (await import("./remotes.js")).confirmRemotes(context, project, flags.yes);
  const { exitCodeFrom } = flags;
  if (exitCodeFrom !== undefined && !project.services.has(exitCodeFrom)) {
    throw noSuchService(exitCodeFrom, project.services.keys());
  }
  if (options.ignoreOrphans && flags.removeOrphans) {
    throw new GantryError("bad-usage", "COMPOSE_IGNORE_ORPHANS and --remove-orphans cannot be combined");
  }
  const client = await context.connect();
  if (flags.detach || flags.wait || !flags.start || context.globals.dryRun) {
    await using _lock = await takeLock(context, client, { project: project.name, command: "up", wait: flags.waitLock });
    const quiet = { quietPulls: flags.quietPull === true, quietBuilds: flags.quietBuild === true };
    const { plan, observed, isFailed } = await planOrPull(context, client, { project, options, ...quiet });
    if (isFailed) return;
    const generation = seedOfUp(flags.start ? "up" : "create", project, { options, observed });
    await runPlan(context, client, plan, { command: "up", project, ...quiet, generation });
    if (plan.operations.length === 0 && !context.globals.dryRun) sayNothingToDo(context, project);
    return;
  }
  const { upInForeground } = await import("./foreground/up-foreground.js");
  await upInForeground(context, client, { project, options, flags });
}

interface LookRequest {
  readonly project: Project;
  readonly options: UpOptions;
  readonly signal?: AbortSignal;
  /** Nothing is shown of pulls and builds that come first. */
  readonly quiet?: boolean;
  /** No figures of pulls are shown. */
  readonly quietPulls?: boolean;
  /** Nothing is shown of what builds say. */
  readonly quietBuilds?: boolean;
  /** Shows what comes first, in place of one of its own. */
  readonly renderer?: EventRenderer;
}

/** What is planned from, and with what options. */
interface Looked {
  readonly observed: ObservedState;
  readonly options: UpOptions;
}

/**
 * Observes and plans. Where a pull or a provider may change what has to be done, it comes first and the rest is
 * planned after. The exit code is set when that fails; the plan is then empty.
 */
export async function planOrPull(
  context: CliContext,
  client: EngineClient,
  asked: LookRequest,
): Promise<{ plan: Plan; observed: ObservedState; isFailed?: true }> {
  const { project } = asked;
  const looked = await lookBeforePlan(context, client, asked);
  if (!looked) {
    const { nothingObserved } = await import("../../../plan/observed.js");
    return { plan: { project: project.name, operations: [], warnings: [] }, observed: nothingObserved, isFailed: true };
  }
  const { planWhole } = await import("../../../plan/stages/stages.js");
  return { plan: planWhole(project, looked.observed, looked.options), observed: looked.observed };
}

/** Undefined when a pull or a provider failed that had to come first: the exit code is set. */
export async function lookBeforePlan(
  context: CliContext,
  client: EngineClient,
  asked: LookRequest,
): Promise<Looked | undefined> {
  const { project, signal = context.signal, quiet = false, quietPulls = false, quietBuilds = false } = asked;
  const shown = asked.renderer ? { renderer: asked.renderer } : {};
  const [{ observeProject }, { mustPullFirst, planUpPulls }, { mustProvideFirst, planUpProvisions }] =
    await Promise.all([
      import("../../../apply/observe.js"),
      import("../../../plan/stages/stages.js"),
      import("../../../plan/steps/provisions.js"),
    ]);
  let { options } = asked;
  const builds = options.imagesAreFresh ? {} : { builds: buildLook(context) };
  let observed = await observeProject(client, project, { signal, ...builds });
  if (context.globals.dryRun) return { observed, options };
  if (mustPullFirst(project, observed, options)) {
    const pulls = planUpPulls(project, observed, options);
    const call = { command: "pull", signal, quiet, quietPulls, quietBuilds, project, ...shown };
    if ((await runPlan(context, client, pulls, call)).outcome !== "succeeded") return undefined;
    observed = await observeProject(client, project, { signal });
    options = { ...options, imagesAreFresh: true };
  }
  if (mustProvideFirst(project, observed, options)) {
    const provisions = planUpProvisions(project, options);
    const { outcome, provided } = await runPlan(context, client, provisions, {
      command: "up",
      signal,
      project,
      ...shown,
    });
    if (outcome !== "succeeded") return undefined;
    options = { ...options, provided };
  }
  return { observed, options };
}

/** The planner's options out of the flags. Throws "bad-usage". */
export function upOptions(
  { version, env, clock }: CliContext,
  flags: Partial<UpFlags>,
  services: readonly string[],
): UpOptions {
  const waitTimeoutS = flags.waitTimeout === undefined ? 0 : wholeNumber(flags.waitTimeout, "--wait-timeout");
  return {
    version,
    nowMs: clock.now().getTime(),
    services,
    forceRecreate: flags.forceRecreate === true,
    alwaysRecreateDeps: flags.alwaysRecreateDeps === true,
    noRecreate: flags.recreate === false,
    noDeps: flags.deps === false,
    noStart: flags.start === false,
    removeOrphans: flags.removeOrphans ?? isTrue(env.COMPOSE_REMOVE_ORPHANS),
    ignoreOrphans: isTrue(env.COMPOSE_IGNORE_ORPHANS),
    renewAnonymousVolumes: flags.renewAnonVolumes === true,
    scale: parseScale(flags.scale ?? []),
    imagesAreFresh: false,
    isOffline: isOfflineWanted(env),
    wait: flags.wait === true,
    ...buildWish(flags),
    ...(flags.pull === undefined || flags.pull === "build" ? {} : { pull: pullPolicy(flags.pull) }),
    ...(flags.timeout === undefined ? {} : { timeoutS: wholeNumber(flags.timeout, "--timeout", -1) }),
    ...(waitTimeoutS > 0 ? { waitTimeoutMs: waitTimeoutS * 1000 } : {}),
  };
}

/** `web=3` words. Throws "bad-usage". */
export function parseScale(words: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    words.map((word): [string, number] => {
      const [service = "", count] = word.split("=");
      if (!service || !count)
        throw new GantryError("bad-usage", `${word || "an empty word"} does not say SERVICE=NUMBER`);
      return [service, wholeNumber(count, `replicas of ${service}`)];
    }),
  );
}

/** Without orphans to remove there is nothing that could be meant. */
function noneSelected({ disabledServices }: Project): GantryError {
  const hint = `Choose a profile with --profile, or name what to bring up: ${disabledServices.join(", ")}`;
  return new GantryError("bad-parameter", "no service selected", disabledServices.length > 0 ? { hint } : {});
}

/** For a person who wonders whether anything happened. */
export function sayNothingToDo(context: CliContext, { name }: Project): void {
  if (!printsJson(context)) context.stderr.write(`${name}: nothing to do\n`);
}

function checkFlags(flags: UpFlags): void {
  const refuse = (isWrong: boolean | undefined, what: string) => {
    if (isWrong) throw new GantryError("bad-usage", `${what} cannot be combined`);
  };
  refuse(flags.forceRecreate && !flags.recreate, "--force-recreate and --no-recreate");
  refuse(flags.build && flags.noBuild, "--build and --no-build");
  refuse(flags.renewAnonVolumes && !flags.recreate, "--renew-anon-volumes and --no-recreate");
  refuse(flags.alwaysRecreateDeps && !flags.recreate, "--always-recreate-deps and --no-recreate");
  refuse(
    flags.abortOnContainerExit && flags.abortOnContainerFailure,
    "--abort-on-container-exit and --abort-on-container-failure",
  );
  const isAttaching = flags.attach !== undefined || flags.attachDependencies === true;
  refuse(flags.attach !== undefined && flags.attachDependencies, "--attach and --attach-dependencies");
  const follows = flags.abortOnContainerExit || flags.abortOnContainerFailure || flags.exitCodeFrom !== undefined;
  refuse(follows && flags.detach, "--abort-on-container-exit and --detach");
  refuse(follows && flags.wait, "--abort-on-container-exit and --wait");
  refuse(isAttaching && (flags.detach || flags.wait), "--attach and --detach or --wait");
  refuse(flags.watch && flags.noBuild, "--watch and --no-build");
  refuse(flags.watch && (flags.detach || flags.wait), "--watch and --detach or --wait");
  refuse(flags.watch && follows, "--watch and --abort-on-container-exit");
}

/** `--pull build` says the same as `--build`. */
function buildWish({ build, noBuild, pull }: Partial<UpFlags>): Pick<UpOptions, "build"> {
  if (build || pull === "build") return { build: "always" };
  return noBuild ? { build: "never" } : {};
}

function pullPolicy(word: string): "always" | "missing" | "never" {
  if (word === "always" || word === "missing" || word === "never") return word;
  if (word === "if_not_present") return "missing";
  throw new GantryError("bad-usage", `--pull: ${word} is not a policy; write always, missing, never or build`);
}

/** A boolean variable as docker compose reads it. */
export function isTrue(word: string | undefined): boolean {
  return /^(1|t|true|y)$/i.test(word?.trim() ?? "");
}
