/**
 * Waits for containers to become healthy, to run, or to complete, on the engine's events: no polling.
 *
 * One subscription serves all waits of a run. It is open before anything is started, so nothing is missed; each wait
 * looks at its container once, and again at every event that concerns it.
 */
import { sleep } from "../base/clock.js";
import { GantryError, isGantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import type { WaitCondition } from "../plan/operation.js";
import type { ContainerInspect } from "../wire/container.js";
import { composeLabels } from "../wire/labels.js";

/** Events after which a container may have reached, or failed, its condition. */
const telling = /^(start|die|oom|destroy|stop|pause|unpause|health_status.*)$/;
/** An engine that restarts is back within seconds; longer, and the wait fails. */
const resubscribeAttempts = 10;
const resubscribePauseMs = 300;
/** A container that its restart policy brings back this often during one wait is taken for broken. */
const restartsWhileWaiting = 10;

/** Where a container stands towards a condition. `failed` carries the reason as a sentence's end. */
export type Standing =
  | { readonly kind: "holds" }
  | { readonly kind: "pending" }
  | { readonly kind: "failed"; readonly reason: string };

/** Open it before the first start; it ends with the signal it was given, or `close`. */
export class ContainerWatch {
  readonly #client: EngineClient;
  readonly #project: string;
  readonly #ended = new AbortController();
  readonly #listeners = new Map<string, Set<() => void>>();
  #opened: Promise<void> | undefined;
  #failure: unknown;

  constructor(client: EngineClient, project: string) {
    this.#client = client;
    this.#project = project;
  }

  /** Resolves when the engine has subscribed us; the same promise at every call. */
  open(): Promise<void> {
    this.#opened ??= new Promise((resolve, reject) => {
      void this.#follow(resolve).catch((error: unknown) => {
        this.#failure = error;
        reject(error);
        this.#wakeAll();
      });
    });
    return this.#opened;
  }

  close(): void {
    this.#ended.abort();
  }

  /**
   * Resolves when the condition holds. Throws "unhealthy" or "dependency-failed" when it cannot any more, the signal's
   * reason when it is aborted.
   */
  async waitFor(id: string, condition: WaitCondition, signal: AbortSignal): Promise<void> {
    await this.open();
    let wake: () => void = () => {};
    let isDirty = true;
    const onEvent = () => {
      isDirty = true;
      wake();
    };
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(onEvent));
    signal.addEventListener("abort", onEvent);
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#failure) throw this.#failure;
        if (isDirty) {
          isDirty = false;
          if (await this.#holds(id, condition, signal)) return;
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      listeners.delete(onEvent);
      signal.removeEventListener("abort", onEvent);
    }
  }

  async #holds(id: string, condition: WaitCondition, signal: AbortSignal): Promise<boolean> {
    const container = await this.#client.containers.inspect(id, { signal });
    const standing = standingOf(container, condition);
    if (standing.kind !== "failed") return standing.kind === "holds";
    const name = container.Name.replace(/^\//, "");
    const code = container.State.Health?.Status === "unhealthy" ? "unhealthy" : "dependency-failed";
    throw new GantryError(code, `container ${name} ${standing.reason}`);
  }

  async #follow(onSubscribed: () => void): Promise<void> {
    const filters = { type: ["container"], label: [`${composeLabels.project}=${this.#project}`] };
    const { signal } = this.#ended;
    for (let attempt = 0; ; attempt++) {
      try {
        const subscribed = () => {
          onSubscribed();
          if (attempt > 0) this.#wakeAll(); // what happened in between was not told
          attempt = 0;
        };
        for await (const event of this.#client.system.events({ filters, onSubscribed: subscribed }, { signal })) {
          if (telling.test(event.Action)) this.#wake(event.Actor.ID);
        }
        if (signal.aborted) return;
      } catch (error) {
        if (signal.aborted) return;
        const isGone = isGantryError(error, "engine-unavailable") || !isGantryError(error);
        if (!isGone || attempt >= resubscribeAttempts) throw error;
      }
      if (attempt >= resubscribeAttempts) throw new GantryError("engine-unavailable", "The engine stopped answering");
      await sleep(resubscribePauseMs, signal).catch(() => {});
    }
  }

  #wake(id: string): void {
    for (const listener of this.#listeners.get(id) ?? []) listener();
  }

  #wakeAll(): void {
    for (const id of this.#listeners.keys()) this.#wake(id);
  }
}

/** Pure: what one look at a container says about a condition. */
function standingOf(container: ContainerInspect, condition: WaitCondition): Standing {
  const { State } = container;
  if (State.Restarting) return restarting(container);
  if (State.Running) return condition === "completed" ? { kind: "pending" } : running(container, condition);
  if (State.Status === "created") return { kind: "failed", reason: "was not started" };
  const exited = `exited (${State.ExitCode})`;
  if (State.OOMKilled) return { kind: "failed", reason: `${exited}: it ran out of memory` };
  if (State.ExitCode === 0 && condition !== "healthy") return { kind: "holds" };
  return willRestart(container) ? { kind: "pending" } : { kind: "failed", reason: exited };
}

function running({ State }: ContainerInspect, condition: WaitCondition): Standing {
  if (!State.Health) {
    return condition === "healthy" ? { kind: "failed", reason: "has no healthcheck configured" } : { kind: "holds" };
  }
  if (State.Health.Status === "unhealthy") return { kind: "failed", reason: "is unhealthy" };
  return State.Health.Status === "healthy" && !State.Paused ? { kind: "holds" } : { kind: "pending" };
}

function restarting({ State, RestartCount }: ContainerInspect): Standing {
  if (RestartCount < restartsWhileWaiting) return { kind: "pending" };
  return { kind: "failed", reason: `keeps restarting, ${RestartCount} times so far, exit code ${State.ExitCode}` };
}

/** Between the end of a run and its restart an engine may still say "exited". */
function willRestart({ HostConfig, State, RestartCount }: ContainerInspect): boolean {
  const { Name, MaximumRetryCount = 0 } = HostConfig.RestartPolicy ?? {};
  if (State.Status === "dead" || RestartCount >= restartsWhileWaiting) return false;
  if (Name === "always" || Name === "unless-stopped") return true;
  return Name === "on-failure" && State.ExitCode !== 0 && (MaximumRetryCount === 0 || RestartCount < MaximumRetryCount);
}
