/** Carries out a plan for a command: renderer, events, failure cards, exit code. */
import { pid } from "node:process";
import type { ApplyOptions, ApplyResult } from "../../../apply/apply-plan.js";
import type { EngineClient } from "../../../client/engine-client.js";
import type { Project } from "../../../compose/project.js";
import type { Plan } from "../../../plan/operation.js";
import type { CliContext } from "../../context.js";
import { failureText } from "../../views/failure-text.js";
import { styleFor } from "../../views/style.js";
import { wholeNumber } from "./load.js";
import { createRenderer } from "./output/progress.js";
import { wantsColor } from "./output/terminal.js";

export interface RunOptions {
  readonly command: string;
  /** Default: the program's own, which the first Ctrl-C aborts. */
  readonly signal?: AbortSignal;
  readonly beforeStart?: ApplyOptions["beforeStart"];
  /** Shows nothing but cards. */
  readonly quiet?: boolean;
  /** A failure is told, and is not the command's. */
  readonly failuresAreWarnings?: boolean;
  readonly builds?: ApplyOptions["builds"];
  /** Shows nothing of what builds say. */
  readonly quietBuilds?: boolean;
  /** Whose environment and folder programs outside of the engine get; the command's own without it. */
  readonly project?: Pick<Project, "environment" | "workingDir">;
}

/**
 * Sets exit code 1 on a failure, whose cards it prints, and 130 when it was cancelled. With `--dry-run` the plan is
 * printed and nothing is done.
 */
export async function runPlan(
  context: CliContext,
  client: EngineClient,
  plan: Plan,
  {
    command,
    signal = context.signal,
    beforeStart,
    quiet = false,
    project,
    failuresAreWarnings = false,
    builds,
    quietBuilds = false,
  }: RunOptions,
): Promise<ApplyResult> {
  if (context.globals.dryRun) return printDryRun(context, plan);
  const { applyPlan } = await import("../../../apply/apply-plan.js");
  const renderer = await createRenderer(context, plan.operations.length, {
    quiet,
    // A view that moves and output that is attached to would draw over each other.
    still: beforeStart !== undefined,
  });
  const parallel = parallelLimit(context);
  const options: ApplyOptions = {
    command,
    signal,
    clock: context.clock,
    emit: (event) => renderer.show(event),
    environment: project?.environment ?? context.env,
    workingDir: project?.workingDir ?? context.cwd,
    builds: { sharesFiles: (await context.chooseEngine()).kind === "embedded", quiet: quietBuilds, ...builds },
    apiSocket: async () => (await import("./api-socket.js")).apiSocketOf(context),
    ...(parallel === undefined ? {} : { parallel }),
    ...(beforeStart ? { beforeStart } : {}),
  };
  const result = await applyPlan(plan, client, options).finally(() => renderer.close());
  if (!printsJson(context)) {
    const style = styleFor(wantsColor(context, context.stderr));
    for (const failure of result.failures) context.stderr.write(failureText(failure, style));
  }
  if (result.outcome === "failed" && !failuresAreWarnings) context.finish(1);
  if (result.outcome === "cancelled") context.finish(130);
  return result;
}

async function printDryRun(context: CliContext, plan: Plan): Promise<ApplyResult> {
  const { planToJson, printPlan } = await import("../../../plan/print-plan.js");
  const { green, yellow, red, dim } = styleFor(wantsColor(context, context.stdout));
  const style = { add: green, change: yellow, remove: red, dim };
  const text = printsJson(context)
    ? `${JSON.stringify(planToJson(plan))}\n`
    : printPlan(plan, { baseDir: context.cwd, style });
  context.stdout.write(text);
  return { outcome: "succeeded", failures: [], provided: { services: new Map() } };
}

/** `--parallel`, else `COMPOSE_PARALLEL_LIMIT`; -1 and less is no limit. Throws "bad-parameter". */
function parallelLimit({ globals, env }: CliContext): number | undefined {
  const text = globals.parallel ?? env.COMPOSE_PARALLEL_LIMIT;
  if (text === undefined || text === "") return undefined;
  const what = globals.parallel === undefined ? "COMPOSE_PARALLEL_LIMIT" : "--parallel";
  const limit = wholeNumber(text, what, Number.MIN_SAFE_INTEGER);
  return limit < 0 ? Number.MAX_SAFE_INTEGER : limit === 0 ? undefined : limit;
}

/** Takes the project's apply lock; says whom it waits for. */
export async function takeLock(
  context: CliContext,
  client: EngineClient,
  { project, command, wait }: { project: string; command: string; wait: boolean },
): Promise<AsyncDisposable> {
  if (context.globals.dryRun) return { [Symbol.asyncDispose]: async () => {} };
  const { lockProject } = await import("../../../apply/project-lock.js");
  return lockProject(client, project, {
    holder: `gantry ${command} (pid ${pid})`,
    wait,
    signal: context.signal,
    onWaiting: (holder) => context.stderr.write(`Waiting for ${holder}, which is working on project ${project}\n`),
  });
}

/** True when stderr is for programs: nothing but event lines may go there. */
export function printsJson({ globals, env }: CliContext): boolean {
  return (globals.progress ?? env.COMPOSE_PROGRESS) === "json";
}
