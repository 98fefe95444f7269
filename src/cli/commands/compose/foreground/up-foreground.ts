/**
 * `gantry up` without `-d`: shows the containers' output from their first byte on, and takes the stack down with
 * Ctrl-C: gracefully the first time, at once the second.
 */
import { setTimeout as delay } from "node:timers/promises";
import { GantryError, isGantryError, messageOf } from "../../../base/errors.js";
import type { EngineClient } from "../../../client/engine-client.js";
import { readFrames } from "../../../client/frames.js";
import type { Project, Service } from "../../../compose/project.js";
import type { ContainerRef } from "../../../plan/operation.js";
import { selectServices, type UpOptions } from "../../../plan/up-options.js";
import type { ContainerInspect } from "../../../wire/container.js";
import { composeLabels } from "../../../wire/labels.js";
import type { EngineEvent } from "../../../wire/system.js";
import type { CliContext } from "../../context.js";
import { logName } from "../../views/log-lines.js";
import { LogPrinter } from "./output/log-printer.js";
import { runPlan, takeLock } from "./run-plan.js";
import { planOrPull, type UpFlags } from "./up.js";

interface Job {
  readonly project: Project;
  readonly options: UpOptions;
  readonly flags: UpFlags;
}

const interruptedExitCode = 130;

/** Ends when every container has ended for good, or the user ended them. Sets the exit code. */
export async function upInForeground(context: CliContext, client: EngineClient, job: Job): Promise<void> {
  const interrupted = new AbortController();
  const forced = new AbortController();
  const giveBack = context.takeSignals(() => (interrupted.signal.aborted ? forced : interrupted).abort());
  const session = new ForegroundSession(context, client, job);
  try {
    const started = await session.start(interrupted.signal);
    await using _watch = started && job.flags.watch ? await followFiles(context, client, job) : undefined;
    if (started) await Promise.race([session.ended, aborted(interrupted.signal)]);
    if (session.isEngineGone && !interrupted.signal.aborted) throw engineGone();
    if (interrupted.signal.aborted) context.stderr.write("\nGracefully Stopping... press Ctrl+C again to force\n");
    const mustStop = interrupted.signal.aborted || (started && session.trigger !== undefined);
    if (mustStop) await stopStack(context, client, { job, forced: forced.signal });
    if (mustStop) await session.drain();
    if (interrupted.signal.aborted) context.finish(interruptedExitCode);
    else if (session.trigger !== undefined) context.finish(session.trigger);
  } finally {
    session.close();
    giveBack();
  }
}

/** What `watch` does, for as long as the foreground lasts. Throws before it begins when there is nothing to watch. */
async function followFiles(
  context: CliContext,
  client: EngineClient,
  { project, options, flags }: Job,
): Promise<AsyncDisposable> {
  const [{ openWatch }, { WatchSession }] = await Promise.all([
    import("./watch/open-watch.js"),
    import("./watch/watch-session.js"),
  ]);
  const { active, warnings } = await openWatch(project, options.services);
  for (const warning of warnings) context.stderr.write(`warning: ${warning}\n`);
  const ending = new AbortController();
  const watched = { quiet: flags.quietBuild === true, waitLock: flags.waitLock, prune: true };
  const session = new WatchSession(context, client, { project, rules: active, flags: watched });
  const running = session.run(ending.signal).catch((error: unknown) => {
    context.stderr.write(`error: files are not watched any more: ${messageOf(error)}\n`);
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

/** The named services, or all; a second signal kills what the first has not stopped yet. */
async function stopStack(
  context: CliContext,
  client: EngineClient,
  { job, forced }: { job: Job; forced: AbortSignal },
): Promise<void> {
  const { observeResources } = await import("../../../apply/observe.js");
  const { planKill, planStop } = await import("../../../plan/plan-lifecycle.js");
  const { project, options, flags } = job;
  const services = options.services;
  const observed = await observeResources(client, project.name);
  const plan = planStop(project, observed, { services });
  await runPlan(context, client, plan, { command: "stop", signal: forced });
  if (!forced.aborted) return;
  const left = await observeResources(client, project.name);
  const kill = planKill(project, left, { services, signal: "SIGKILL", removeOrphans: flags.removeOrphans === true });
  await runPlan(context, client, kill, { command: "kill", signal: new AbortController().signal });
}

/** The streams of one foreground run. */
class ForegroundSession {
  readonly #context: CliContext;
  readonly #client: EngineClient;
  readonly #job: Job;
  readonly #printer: LogPrinter;
  readonly #ending = new AbortController();
  readonly #streams = new Map<string, Promise<void>>();
  readonly #alive = new Set<string>();
  #hasStarted = false;
  /** Services whose output is shown. */
  #shown: ReadonlySet<string> = new Set();
  /** Resolves when nothing is left to watch, or the first exit asked for the end. */
  readonly ended: Promise<void>;
  #end: () => void = () => {};
  /** The exit code that `--abort-on-container-exit` or `--exit-code-from` ends with; set by the exit that counts. */
  trigger: number | undefined;
  /** Nothing more will be heard of the containers. */
  isEngineGone = false;

  constructor(context: CliContext, client: EngineClient, job: Job) {
    this.#context = context;
    this.#client = client;
    this.#job = job;
    const { color, logPrefix, timestamps } = job.flags;
    const options = { project: job.project.name, color, prefix: logPrefix, stampArrival: timestamps === true };
    this.#printer = new LogPrinter(context, options);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Carries out the plan, attaching to each container before its start. False when the plan failed. */
  async start(signal: AbortSignal): Promise<boolean> {
    const { project, options, flags } = this.#job;
    const lock = { project: project.name, command: "up", wait: flags.waitLock };
    await using _lock = await takeLock(this.#context, this.#client, lock);
    const { plan, observed } = await planOrPull(this.#context, this.#client, {
      project,
      options,
      signal,
      quiet: flags.quietPull === true,
      quietBuilds: flags.quietBuild === true,
    });
    const shown = attachedServices(project, options, flags);
    this.#shown = shown;
    const starting = plan.operations.flatMap((op) => (op.kind === "start-container" ? [op.container] : []));
    const running = observed.containers.filter((c) => !c.isOneOff && c.state === "running" && shown.has(c.service));
    const replaced = new Set(
      plan.operations.flatMap((op) => (op.kind === "remove-container" ? [op.container.id] : [])),
    );
    const staying = running.filter((c) => !replaced.has(c.id) && !starting.some((ref) => ref.id === c.id));
    const names = [...starting.filter((ref) => shown.has(ref.service)), ...staying].map((one) => one.name).sort();
    for (const name of names) this.#printer.add(name);
    if (names.length > 0) {
      this.#context.stdout.write(`Attaching to ${names.map((name) => logName(name, project.name)).join(", ")}\n`);
    }
    void this.#followRestarts();
    for (const container of staying) await this.#attach(container);
    const beforeStart = (ref: ContainerRef & { readonly id: string }) =>
      shown.has(ref.service) ? this.#attach(ref) : Promise.resolve();
    const { outcome } = await runPlan(this.#context, this.#client, plan, {
      command: "up",
      signal,
      beforeStart,
      project,
      quietBuilds: flags.quietBuild === true,
    });
    this.#hasStarted = true;
    if (this.#alive.size === 0 && !flags.watch) this.#end();
    return outcome === "succeeded";
  }

  /** Lets what was said before the end be printed; streams of stopped containers end by themselves. */
  async drain(): Promise<void> {
    await Promise.race([Promise.allSettled(this.#streams.values()), delay(2000, undefined, { ref: false })]);
  }

  close(): void {
    this.#ending.abort();
  }

  async #attach({ id, name }: { readonly id: string; readonly name: string }): Promise<void> {
    const { Config } = await this.#client.containers.inspect(id);
    const tty = Config.Tty === true;
    const options = { stdin: false, stdout: true, stderr: true, tty };
    const { stream } = await this.#client.containers.attach(id, options, { signal: this.#ending.signal });
    this.#alive.add(id);
    this.#stream({ id, name }, readFrames(stream, tty));
  }

  #stream({ id, name }: { id: string; name: string }, frames: Parameters<LogPrinter["printFrames"]>[1]): void {
    const streamed = this.#printer
      .printFrames(name, frames, { split: true })
      .catch(() => {}) // the connection broke, or we end
      .then(() => this.#streamEnded({ id, name }));
    this.#streams.set(id, streamed);
  }

  async #streamEnded({ id, name }: { id: string; name: string }): Promise<void> {
    this.#streams.delete(id);
    if (this.#ending.signal.aborted) return;
    const state = await this.#stateAtEnd(id);
    if (this.#streams.has(id) || (state && willRunAgain(state))) return;
    if (state) {
      const code = state.State.ExitCode;
      this.#context.stdout.write(`${logName(name, this.#job.project.name)} exited with code ${code}\n`);
      this.#considerTrigger(state.Config.Labels?.[composeLabels.service] ?? "", code);
    }
    this.#alive.delete(id);
    // Who watches waits for changes, also of what has ended.
    const isOver = this.#hasStarted && this.#alive.size === 0 && !this.#job.flags.watch;
    if (this.trigger !== undefined || isOver) this.#end();
  }

  /** Output may end before the process does, or before the engine has learnt that it did. */
  async #stateAtEnd(id: string): Promise<ContainerInspect | undefined> {
    const inspect = () =>
      this.#client.containers.inspect(id).catch((error: unknown) => {
        if (isGantryError(error, "engine-unavailable")) this.#loseEngine();
        return undefined;
      });
    const state = await inspect();
    const isStarting = state?.State.Status === "created"; // its start has not been answered yet
    if (!isStarting && (!state?.State.Running || state.State.Restarting)) return state;
    const condition = isStarting ? "next-exit" : "not-running";
    const { registered, exited } = this.#client.containers.wait(id, condition, { signal: this.#ending.signal });
    await Promise.allSettled([registered]);
    if (isStarting && (await inspect())?.State.Status !== "created") return this.#stateAtEnd(id);
    await Promise.allSettled([exited]);
    return inspect();
  }

  #considerTrigger(service: string, code: number): void {
    const { abortOnContainerExit, abortOnContainerFailure, exitCodeFrom } = this.#job.flags;
    const aborts = abortOnContainerExit || (abortOnContainerFailure && code !== 0) || exitCodeFrom !== undefined;
    if (this.trigger !== undefined || !aborts) return;
    if (exitCodeFrom === undefined || exitCodeFrom === service) this.trigger = code;
  }

  #loseEngine(): void {
    this.isEngineGone = true;
    this.#end();
  }

  #isReplacement({ Actor: { Attributes } }: EngineEvent): boolean {
    const isReplica = Attributes[composeLabels.oneoff] !== "True";
    return (
      this.#job.flags.watch === true &&
      this.#hasStarted &&
      isReplica &&
      this.#shown.has(Attributes[composeLabels.service] ?? "")
    );
  }

  /**
   * A container that its restart policy, or somebody else, starts again is followed from that moment; with `--watch`
   * one that takes another's place as well.
   */
  async #followRestarts(): Promise<void> {
    const { signal } = this.#ending;
    const filters = {
      type: ["container"],
      event: ["start"],
      label: [`${composeLabels.project}=${this.#job.project.name}`],
    };
    try {
      for await (const event of this.#client.system.events({ filters }, { signal })) {
        const id = event.Actor.ID;
        const isKnown = this.#alive.has(id);
        if (this.#streams.has(id) || !(isKnown || this.#isReplacement(event))) continue;
        this.#alive.add(id);
        const { Config, Name } = await this.#client.containers.inspect(id);
        const query = {
          follow: true,
          stdout: true,
          stderr: true,
          ...(isKnown ? { since: event.timeNano / 1e9 } : {}),
          tty: Config.Tty === true,
        };
        this.#stream({ id, name: Name.replace(/^\//, "") }, this.#client.containers.logs(id, query, { signal }));
      }
    } catch (error) {
      // Without events only restarts go unseen; but they break off when the engine ends.
      if (!signal.aborted && isGantryError(error, "engine-unavailable")) this.#loseEngine();
    }
  }
}

/**
 * Services whose output is shown: those named, or all; dependencies only when asked for. Throws "bad-parameter" for
 * one that this `up` does not concern.
 */
export function attachedServices(
  project: Project,
  { services, noDeps }: Pick<UpOptions, "services" | "noDeps">,
  { attach, noAttach = [], attachDependencies }: Pick<UpFlags, "attach" | "noAttach" | "attachDependencies">,
): ReadonlySet<string> {
  const concerned = selectServices(project, services, noDeps);
  for (const name of [...(attach ?? []), ...noAttach]) {
    if (concerned.some((service) => service.name === name)) continue;
    throw new GantryError("bad-parameter", `service "${name}" is not part of this up`);
  }
  const isNamed = (name: string) => services.length === 0 || services.includes(name) || attachDependencies === true;
  const isShown = (service: Service) =>
    attach ? attach.includes(service.name) : service.attach && isNamed(service.name);
  const shown = concerned.filter((service) => isShown(service) && !noAttach.includes(service.name));
  return new Set(shown.map((service) => service.name));
}

function willRunAgain({ State, HostConfig, RestartCount }: ContainerInspect): boolean {
  if (State.Running || State.Restarting) return true;
  const { Name, MaximumRetryCount = 0 } = HostConfig.RestartPolicy ?? {};
  return Name === "on-failure" && State.ExitCode !== 0 && MaximumRetryCount > RestartCount;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
