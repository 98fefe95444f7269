/**
 * The streams of one foreground `up`: every container's output from its first byte on, and what their exits mean.
 *
 * It ends when nothing is left to watch, an exit asks for the end of all, or the engine is gone.
 */

import { setTimeout as delay } from "node:timers/promises";
import { GantryError, isGantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import { readFrames } from "../../../../client/frames.js";
import type { Project, Service } from "../../../../compose/project.js";
import type { ObservedState } from "../../../../plan/observed.js";
import type { ContainerRef, Plan } from "../../../../plan/operation.js";
import { selectServices, type UpOptions } from "../../../../plan/up-options.js";
import type { ContainerInspect } from "../../../../wire/container.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { StreamFrame } from "../../../../wire/stream.js";
import type { EngineEvent } from "../../../../wire/system.js";
import type { CliContext } from "../../../context.js";
import { logName } from "../../../views/log-lines.js";
import { seedOfUp } from "../history/generation-seed.js";
import { LogPrinter } from "../output/log-printer.js";
import { printsJson } from "../output/notice.js";
import { runPlan, takeLock } from "../run-plan.js";
import { planOrPull, type UpFlags } from "../up.js";
import { afterExit, type ExitState } from "./exits.js";

export interface Job {
  readonly project: Project;
  readonly options: UpOptions;
  readonly flags: UpFlags;
}

/** Output that comes after the end of all is waited for this long. */
const drainMs = 2000;

interface Attached {
  readonly id: string;
  readonly name: string;
  readonly service: string;
}

export class ForegroundSession {
  readonly #context: CliContext;
  readonly #client: EngineClient;
  readonly #job: Job;
  readonly #printer: LogPrinter;
  /** Services whose output is shown. */
  readonly #shown: ReadonlySet<string>;
  /** Services whose exits count, and without which there is nothing to stay for. */
  readonly #watched: ReadonlySet<string>;
  readonly #ending = new AbortController();
  /** Ends the start when an exit has ended all before it was through. */
  readonly #leaving = new AbortController();
  readonly #streams = new Map<string, Promise<void>>();
  readonly #alive = new Set<string>();
  #hasStarted = false;
  /** From now on something of this command's doing may run. */
  hasBegun = false;
  #end: () => void = () => {};
  /** Resolves when nothing is left to watch, or the first exit asked for the end. */
  readonly ended: Promise<void>;
  #exits: ExitState = {};
  /** Nothing more will be heard of the containers. */
  isEngineGone = false;

  constructor(context: CliContext, client: EngineClient, job: Job) {
    this.#context = context;
    this.#client = client;
    this.#job = job;
    const { color, logPrefix, timestamps } = job.flags;
    const options = { project: job.project.name, color, prefix: logPrefix, stampArrival: timestamps === true };
    this.#printer = new LogPrinter(context, options);
    this.#shown = attachedServices(job.project, job.options, job.flags);
    this.#watched = job.options.services.length > 0 ? new Set(job.options.services) : this.#shown;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** The exits that ended all, if any did. */
  get exits(): ExitState {
    return this.#exits;
  }

  /** Carries out the plan, attaching to each container before its start. False when the plan failed. */
  async start(interrupted: AbortSignal): Promise<boolean> {
    const { project, options, flags } = this.#job;
    const signal = AbortSignal.any([interrupted, this.#leaving.signal]);
    const lock = { project: project.name, command: "up", wait: flags.waitLock, signal };
    await using _lock = await takeLock(this.#context, this.#client, lock);
    const quiet = { quietPulls: flags.quietPull === true, quietBuilds: flags.quietBuild === true };
    const look = { project, options, signal, ...quiet };
    const { plan, observed, isFailed } = await planOrPull(this.#context, this.#client, look);
    if (isFailed) return false;
    const staying = this.#announce(plan, observed);
    await this.#followEvents();
    this.hasBegun = true;
    for (const container of staying) await this.#attach(container);
    const { outcome } = await runPlan(this.#context, this.#client, plan, {
      command: "up",
      signal,
      beforeStart: async (ref) => {
        if (this.#concerns(ref.service)) await this.#attach(ref);
      },
      project,
      ...quiet,
      generation: seedOfUp("up", project, { options, observed }),
    });
    this.#hasStarted = true;
    this.#endIfNothingIsLeft();
    return outcome === "succeeded";
  }

  /** Lets what was said before the end be printed; streams of stopped containers end by themselves. */
  async drain(): Promise<void> {
    await Promise.race([Promise.allSettled(this.#streams.values()), delay(drainMs, undefined, { ref: false })]);
  }

  close(): void {
    this.#ending.abort();
  }

  #concerns(service: string): boolean {
    return this.#shown.has(service) || this.#watched.has(service);
  }

  /** Says whose output will be shown; the containers that run already and are not touched. */
  #announce({ operations }: Plan, observed: ObservedState): Attached[] {
    const starting = operations.flatMap((op) => (op.kind === "start-container" ? [op.container] : []));
    const removed = new Set(operations.flatMap((op) => (op.kind === "remove-container" ? [op.container.id] : [])));
    const staying = observed.containers.filter(
      (container) =>
        !container.isOneOff &&
        container.state === "running" &&
        this.#concerns(container.service) &&
        !removed.has(container.id) &&
        !starting.some((ref) => ref.id === container.id),
    );
    const names = [...starting, ...staying].filter(({ service }) => this.#shown.has(service)).map(({ name }) => name);
    for (const name of names.sort()) this.#printer.add(name);
    if (names.length > 0) {
      const { name: project } = this.#job.project;
      this.#context.stdout.write(`Attaching to ${names.map((name) => logName(name, project)).join(", ")}\n`);
    }
    return staying;
  }

  async #attach({ id, name, service }: ContainerRef & { readonly id: string }): Promise<void> {
    const { Config } = await this.#client.containers.inspect(id);
    const tty = Config.Tty === true;
    const options = { stdin: false, stdout: true, stderr: true, tty };
    const { stream } = await this.#client.containers.attach(id, options, { signal: this.#ending.signal });
    this.#alive.add(id);
    this.#stream({ id, name, service }, readFrames(stream, tty));
  }

  #stream(container: Attached, frames: AsyncIterable<StreamFrame>): void {
    const { id, name, service } = container;
    const passed = this.#shown.has(service) ? this.#printer.printFrames(name, frames, { split: true }) : unread(frames);
    const streamed = passed
      .catch(() => {}) // the connection broke, or we end
      .then(() => this.#streamEnded(container));
    this.#streams.set(id, streamed);
  }

  async #streamEnded({ id, name, service }: Attached): Promise<void> {
    this.#streams.delete(id);
    if (this.#ending.signal.aborted) return;
    const state = await this.#stateAtEnd(id);
    if (this.#streams.has(id) || (state && willRunAgain(state))) return;
    if (state) {
      const code = state.State.ExitCode;
      const shortName = logName(name, this.#job.project.name);
      if (this.#shown.has(service)) this.#context.stdout.write(`${shortName} exited with code ${code}\n`);
      if (this.#alive.has(id)) this.#hearExit(service, code);
    }
    this.#alive.delete(id);
    this.#endIfNothingIsLeft();
  }

  /** Who watches files waits for changes, also of what has ended. */
  #endIfNothingIsLeft(): void {
    if (this.#hasStarted && this.#alive.size === 0 && !this.#job.flags.watch) this.#end();
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

  #hearExit(service: string, code: number): void {
    const before = this.#exits;
    this.#exits = afterExit(before, { service, code }, { ...this.#job, watched: this.#watched });
    if (before.trigger !== undefined || this.#exits.trigger === undefined) return;
    if (!printsJson(this.#context)) this.#context.stderr.write("Aborting on container exit...\n");
    this.#leaving.abort();
    this.#end();
  }

  #loseEngine(): void {
    this.isEngineGone = true;
    this.#end();
  }

  /** Resolves when nothing that happens from now on is missed; where the engine has no events, at once. */
  #followEvents(): Promise<void> {
    const { signal } = this.#ending;
    const filters = {
      type: ["container"],
      event: ["start", "die"],
      label: [`${composeLabels.project}=${this.#job.project.name}`],
    };
    return new Promise((onSubscribed) => {
      const follow = async () => {
        for await (const event of this.#client.system.events({ filters, onSubscribed }, { signal })) {
          await this.#hearEvent(event);
        }
      };
      follow()
        .catch((error: unknown) => {
          // Without events only restarts go unseen; but they break off when the engine ends.
          if (!signal.aborted && isGantryError(error, "engine-unavailable")) this.#loseEngine();
        })
        .finally(onSubscribed);
    });
  }

  /**
   * A container that its restart policy, or somebody else, starts again is followed from that moment; with `--watch`
   * one that takes another's place as well.
   */
  async #hearEvent({ Action, Actor, timeNano }: EngineEvent): Promise<void> {
    const { ID: id, Attributes } = Actor;
    const service = Attributes[composeLabels.service] ?? "";
    const isKnown = this.#alive.has(id);
    if (Action === "die") {
      // An engine that does not tell the code here tells it to who inspects the container, when its output ends.
      if (isKnown && Attributes.exitCode !== undefined) this.#hearExit(service, Number(Attributes.exitCode));
      return;
    }
    if (this.#streams.has(id) || !(isKnown || this.#isReplacement(Attributes))) return;
    const inspected = await this.#client.containers.inspect(id).catch((error: unknown) => {
      if (isGantryError(error, "container-not-found")) return undefined; // it was there for a moment only
      throw error;
    });
    if (!inspected) return;
    this.#alive.add(id);
    const { Config, Name } = inspected;
    const since = isKnown ? { since: timeNano / 1e9 } : {};
    const query = { follow: true, stdout: true, stderr: true, ...since, tty: Config.Tty === true };
    const { signal } = this.#ending;
    this.#stream({ id, name: Name.replace(/^\//, ""), service }, this.#client.containers.logs(id, query, { signal }));
  }

  #isReplacement(labels: EngineEvent["Actor"]["Attributes"]): boolean {
    const isReplica = labels[composeLabels.oneoff] !== "True";
    const isFollowed = this.#job.flags.watch === true && this.#hasStarted;
    return isFollowed && isReplica && this.#shown.has(labels[composeLabels.service] ?? "");
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

/** Resolves when they have ended. */
async function unread(frames: AsyncIterable<StreamFrame>): Promise<void> {
  for await (const _frame of frames);
}
