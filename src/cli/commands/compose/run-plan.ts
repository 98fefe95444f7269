/** Carries out a plan for a command: renderer, events, failure cards, exit code. */
import { pid } from "node:process";
import type { ApplyOptions, ApplyResult } from "../../../apply/apply-plan.js";
import type { EventRenderer } from "../../../apply/event-renderer.js";
import type { SecretHolder } from "../../../apply/failures/secret-values.js";
import { Disposer } from "../../../base/disposal.js";
import type { EngineClient } from "../../../client/engine-client.js";
import type { Project } from "../../../compose/project.js";
import type { Plan } from "../../../plan/operation.js";
import type { CliContext } from "../../context.js";
import { failureText } from "../../views/failure-text.js";
import { rolledBackExitCode } from "../../views/reports/run-report.js";
import { styleFor } from "../../views/style.js";
import { buildMemory } from "./build/build-look.js";
import type { GenerationSeed } from "./history/generation-seed.js";
import { wholeNumber } from "./load.js";
import { printsJson, say, warn } from "./output/notice.js";
import { createRenderer } from "./output/progress.js";
import { wantsColor } from "./output/terminal.js";

export interface RunOptions {
  readonly command: string;
  /** Default: the program's own, which the first Ctrl-C aborts. */
  readonly signal?: AbortSignal;
  /** Default: the program's own, which the second Ctrl-C aborts. */
  readonly forced?: AbortSignal;
  readonly beforeStart?: ApplyOptions["beforeStart"];
  /** Lines in place of a view that moves: output that is attached to and a view would draw over each other. */
  readonly still?: boolean;
  /** In place of the one that the terminal and the flags ask for. */
  readonly renderer?: EventRenderer | undefined;
  /** Shows nothing but cards. */
  readonly quiet?: boolean;
  /** A failure is told, and is not the command's. */
  readonly failuresAreWarnings?: boolean;
  readonly builds?: ApplyOptions["builds"];
  /** Shows nothing of what builds say. */
  readonly quietBuilds?: boolean;
  /** No figures of pulls. */
  readonly quietPulls?: boolean;
  /** Whose environment and folder programs outside of the engine get, the command's own without it; its secrets are
   * not shown. */
  readonly project?: Pick<Project, "environment" | "workingDir"> & SecretHolder;
  /** Given, a plan that does something is a generation of the project's history. */
  readonly generation?: GenerationSeed;
}

/**
 * Sets exit code 1 on a failure, whose cards it prints, and 130 when it was cancelled. With `--dry-run` the plan is
 * printed and nothing is done.
 */
export async function runPlan(
  context: CliContext,
  client: EngineClient,
  plan: Plan,
  run: RunOptions,
): Promise<ApplyResult> {
  if (context.globals.dryRun) return printDryRun(context, plan);
  const { result, isEndingTold } = await carryOut(context, client, plan, run);
  const { failuresAreWarnings = false } = run;
  if (!printsJson(context)) {
    const style = styleFor(wantsColor(context, context.stderr));
    for (const failure of result.failures) context.stderr.write(failureText(failure, style));
  }
  if (result.outcome === "failed" && !failuresAreWarnings) context.finish(1);
  if (result.outcome === "rolled-back" && !failuresAreWarnings) {
    context.finish(rolledBackExitCode);
    say(context, "Rolled back: what ran before the update runs on.");
  }
  if (result.outcome === "cancelled") {
    context.finish(130);
    if (isEndingTold) context.stderr.write(goOnText(result, plan.operations.length));
  }
  return result;
}

/** Shows the events. The renderer is closed on every way out: a view that stays open keeps the process alive. */
async function carryOut(
  context: CliContext,
  client: EngineClient,
  plan: Plan,
  {
    command,
    signal = context.signal,
    beforeStart,
    quiet = false,
    project,
    builds,
    quietBuilds = false,
    quietPulls = false,
    still = false,
    forced = context.forced,
    generation,
    renderer: given,
  }: RunOptions,
): Promise<{ result: ApplyResult; isEndingTold: boolean }> {
  await using releases = new Disposer();
  if (given) releases.defer(() => given.close());
  const { applyPlan } = await import("../../../apply/apply-plan.js");
  // What may be refused comes before a view is drawn and a generation begun.
  const surroundings = await surroundingsOf(context, { project, builds: { quiet: quietBuilds, ...builds } });
  const shown = {
    quiet,
    still: still || beforeStart !== undefined,
    builds: !builds?.checkOnly && plan.operations.every(({ kind }) => kind === "build-image"),
  };
  const renderer = given ?? (await createRenderer(context, plan.operations.length, shown));
  if (!given) releases.defer(() => renderer.close());
  const kept = generation && plan.operations.length > 0 ? await keep(context, client, plan, generation) : undefined;
  const options: ApplyOptions = {
    command,
    signal,
    forced,
    emit: (event) => {
      context.recorder.event(event);
      if (!quietPulls || event.kind !== "progress" || !event.operation.startsWith("pull-image ")) renderer.show(event);
    },
    ...surroundings,
    ...(renderer.showsBuildSteps ? { builds: { tellsSteps: true, ...surroundings.builds } } : {}),
    ...(kept ? { generation: kept.number } : {}),
    ...(beforeStart ? { beforeStart } : {}),
  };
  const ending = tellOfEnding(context, signal, renderer);
  const result = await applyPlan(plan, client, options).finally(() => ending.close());
  await kept?.end(result.outcome);
  return { result, isEndingTold: ending.isTold };
}

/** What carrying out a plan needs of this host, whoever shows it. */
export async function surroundingsOf(
  context: CliContext,
  { project, builds }: Pick<RunOptions, "project" | "builds">,
): Promise<Omit<ApplyOptions, "command" | "signal" | "emit">> {
  const parallel = parallelLimit(context);
  return {
    clock: context.clock,
    secrets: project ?? {},
    environment: project?.environment ?? context.env,
    workingDir: project?.workingDir ?? context.cwd,
    builds: {
      sharesFiles: (await context.chooseEngine()).kind === "embedded",
      remember: buildMemory(context),
      ...builds,
    },
    apiSocket: async () => (await import("./api-socket.js")).apiSocketOf(context),
    ...(parallel === undefined ? {} : { parallel }),
  };
}

/** Says at Ctrl-C that calls under way are let finish. Commands with signals of their own say it themselves. */
function tellOfEnding(
  context: CliContext,
  signal: AbortSignal,
  renderer: EventRenderer,
): { readonly isTold: boolean; close(): void } {
  const isOurs = signal === context.signal && !printsJson(context);
  const tell = () => renderer.tell("\nEnding what is under way... press Ctrl+C again to force");
  if (isOurs) signal.addEventListener("abort", tell, { once: true });
  return { isTold: isOurs, close: () => signal.removeEventListener("abort", tell) };
}

function goOnText({ done }: ApplyResult, count: number): string {
  const operations = count === 1 ? "operation" : "operations";
  const how = `Cancelled: ${done} of ${count} ${operations} were carried out; what had begun was brought to an end.`;
  return `${how}\nhint: The same command goes on from there\n`;
}

async function keep(context: CliContext, client: EngineClient, plan: Plan, seed: GenerationSeed) {
  const { beginGeneration } = await import("./history/record-generation.js");
  return beginGeneration(context, client, plan, seed);
}

async function printDryRun(context: CliContext, plan: Plan): Promise<ApplyResult> {
  const { planToJson, printPlan } = await import("../../../plan/print-plan.js");
  const { green, yellow, red, dim } = styleFor(wantsColor(context, context.stdout));
  const style = { add: green, change: yellow, remove: red, dim };
  const text = printsJson(context)
    ? `${JSON.stringify(planToJson(plan))}\n`
    : printPlan(plan, { baseDir: context.cwd, style });
  context.stdout.write(text);
  return { outcome: "succeeded", failures: [], done: 0, provided: { services: new Map() } };
}

/** `--parallel`, else `COMPOSE_PARALLEL_LIMIT`; -1 is no limit. Throws "bad-usage". */
function parallelLimit({ globals, env }: CliContext): number | undefined {
  const text = globals.parallel ?? env.COMPOSE_PARALLEL_LIMIT;
  if (text === undefined || text === "") return undefined;
  const what = globals.parallel === undefined ? "COMPOSE_PARALLEL_LIMIT" : "--parallel";
  const limit = wholeNumber(text, what, -1);
  return limit < 0 ? Number.MAX_SAFE_INTEGER : limit === 0 ? undefined : limit;
}

interface LockRequest {
  readonly project: string;
  readonly command: string;
  readonly wait: boolean;
  /** Default: the program's own. */
  readonly signal?: AbortSignal;
}

/** Takes the project's apply lock; says whom it waits for. */
export async function takeLock(
  context: CliContext,
  client: EngineClient,
  { project, command, wait, signal = context.signal }: LockRequest,
): Promise<AsyncDisposable> {
  if (context.globals.dryRun) return { [Symbol.asyncDispose]: async () => {} };
  const { lockProject } = await import("../../../apply/project-lock.js");
  return lockProject(client, project, {
    holder: `gantry ${command} (pid ${pid})`,
    wait,
    signal,
    onWaiting: (holder) => {
      const message = `Waiting for ${holder}, which is working on project ${project}`;
      warn(context, message, { text: message });
    },
  });
}
