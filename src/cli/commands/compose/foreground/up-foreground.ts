/**
 * `gantry up` without `-d`: shows the containers' output from their first byte on, and takes the stack down with
 * Ctrl-C: gracefully the first time, at once the second.
 */

import { GantryError, messageOf } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { CliContext } from "../../../context.js";
import { printsJson, warn } from "../output/notice.js";
import { runPlan } from "../run-plan.js";
import { ForegroundSession, type Job } from "./foreground-session.js";

const interruptedExitCode = 130;
const stoppingText = "\nGracefully Stopping... press Ctrl+C again to force\n";

/** Ends when every container has ended for good, an exit has ended all, or the user did. Sets the exit code. */
export async function upInForeground(context: CliContext, client: EngineClient, job: Job): Promise<void> {
  const interrupted = new AbortController();
  const forced = new AbortController();
  const giveBack = context.takeSignals(() => (interrupted.signal.aborted ? forced : interrupted).abort());
  const session = new ForegroundSession(context, client, job);
  try {
    const started = await session.start(interrupted.signal).catch((error: unknown) => {
      if (!interrupted.signal.aborted) throw error;
      return false;
    });
    const files =
      started && job.flags.watch ? await followFiles(context, client, { job, forced: forced.signal }) : undefined;
    await using _watch = files;
    if (started) await Promise.race([session.ended, aborted(interrupted.signal)]);
    if (session.isEngineGone && !interrupted.signal.aborted) throw engineGone();
    const mustStop = session.hasBegun && (interrupted.signal.aborted || session.exits.trigger !== undefined);
    if (mustStop && interrupted.signal.aborted && !printsJson(context)) context.stderr.write(stoppingText);
    // Else a rebuild that is under way, or one for what is saved meanwhile, starts what has just been stopped.
    if (mustStop) await Promise.race([files?.[Symbol.asyncDispose](), aborted(forced.signal)]);
    if (mustStop) await stopStack(context, client, { job, forced: forced.signal });
    if (mustStop) await session.drain();
    if (interrupted.signal.aborted) context.finish(interruptedExitCode);
    else if (mustStop || session.exits.asked !== undefined) context.finish(await exitCodeOf(session, client, job));
  } finally {
    session.close();
    giveBack();
  }
}

/** What `watch` does, for as long as the foreground lasts. Throws before it begins when there is nothing to watch. */
async function followFiles(
  context: CliContext,
  client: EngineClient,
  { job: { project, options, flags }, forced }: { job: Job; forced: AbortSignal },
): Promise<AsyncDisposable> {
  const [{ openWatch }, { WatchSession }] = await Promise.all([
    import("../watch/open-watch.js"),
    import("../watch/watch-session.js"),
  ]);
  const { active, warnings } = await openWatch(project, options.services);
  for (const warning of warnings) warn(context, warning);
  const ending = new AbortController();
  const watched = { quiet: flags.quietBuild === true, waitLock: flags.waitLock, prune: true };
  const session = new WatchSession(context, client, { project, rules: active, flags: watched, forced });
  const running = session.run(ending.signal).catch((error: unknown) => {
    const message = `files are not watched any more: ${messageOf(error)}`;
    warn(context, message, { text: `error: ${message}` });
  });
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await running;
    },
  };
}

function engineGone(): GantryError {
  return new GantryError("engine-unavailable", "The engine ended; the containers run on", {
    hint: "It starts again by itself. Watch them: gantry logs -f, or take them down: gantry down",
  });
}

/** The code of the service that `--exit-code-from` names, else of the exit that ended all. */
async function exitCodeOf({ exits }: ForegroundSession, client: EngineClient, job: Job): Promise<number> {
  const { exitCodeFrom } = job.flags;
  if (exitCodeFrom === undefined) return exits.trigger ?? 0;
  if (exits.asked !== undefined) return exits.asked;
  // It was stopped with all others, and its end has not been heard of yet.
  const { observeContainers } = await import("../../../../apply/observe.js");
  const containers = await observeContainers(client, job.project.name);
  const ended = containers.find((one) => one.service === exitCodeFrom && !one.isOneOff && one.exitCode !== undefined);
  return ended?.exitCode ?? exits.trigger ?? 0;
}

/** The named services, or all; a second signal kills what the first has not stopped yet. */
async function stopStack(
  context: CliContext,
  client: EngineClient,
  { job, forced }: { job: Job; forced: AbortSignal },
): Promise<void> {
  const { observeResources } = await import("../../../../apply/observe.js");
  const { planKill, planStop } = await import("../../../../plan/plan-lifecycle.js");
  const { project, options, flags } = job;
  const { services, timeoutS } = options;
  const observed = await observeResources(client, project.name);
  const plan = planStop(project, observed, { services, ...(timeoutS === undefined ? {} : { timeoutS }) });
  await runPlan(context, client, plan, { command: "stop", signal: forced, forced, project, still: true });
  if (!forced.aborted) return;
  const left = await observeResources(client, project.name);
  const kill = planKill(project, left, { services, signal: "SIGKILL", removeOrphans: flags.removeOrphans === true });
  const never = new AbortController().signal;
  await runPlan(context, client, kill, { command: "kill", signal: never, forced: never, project, still: true });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
