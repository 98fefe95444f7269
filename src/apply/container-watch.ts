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
import { composeLabels } from "../wire/labels.js";
import { type Standing, standingOf } from "./steps/standing.js";
import { WaitFailure } from "./steps/step-failure.js";

/** Events after which a container may have reached, or failed, its condition. */
const telling = /^(start|die|oom|destroy|stop|pause|unpause|health_status.*)$/;
/** An engine that restarts is back within seconds; longer, and the wait fails. */
const resubscribeAttempts = 10;
const resubscribePauseMs = 300;
/** A container without a health check has to run for this long; docker compose looks as late for the first time. */
const lastingMs = 500;

/** What a wait is told besides its container and condition. */
export interface WaitCall {
  readonly signal: AbortSignal;
  /** Hears how the container is while it does not hold yet, each time that is something else: `is starting`. */
  readonly onPending?: (state: string) => void;
}

/** Open it before the first start; it ends with the signal it was given, or `close`. */
export class ContainerWatch {
  readonly #client: EngineClient;
  readonly #project: string;
  readonly #ended = new AbortController();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Containers that somebody stopped and nobody started since. */
  readonly #stopped = new Set<string>();
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
  async waitFor(id: string, condition: WaitCondition, { signal, onPending = () => {} }: WaitCall): Promise<void> {
    await this.open();
    let wake: () => void = () => {};
    let isDirty = true;
    let known = "";
    let [lasts, hasLasted] = [false, false];
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
          const standing = await this.#look(id, condition, signal);
          if (standing.kind === "holds" && (hasLasted || !standing.mustLast)) return;
          if (standing.kind === "pending" && standing.state !== known) onPending(standing.state);
          known = standing.kind === "pending" ? standing.state : "";
          lasts = standing.kind === "holds";
          continue;
        }
        const woken = new Promise<void>((resolve) => (wake = resolve));
        // What happens in between is looked at; when nothing does, one more look decides.
        hasLasted = lasts && (await isQuietFor(lastingMs, woken, signal));
        if (hasLasted) isDirty = true;
        else await woken;
      }
    } finally {
      listeners.delete(onEvent);
      signal.removeEventListener("abort", onEvent);
    }
  }

  async #look(
    id: string,
    condition: WaitCondition,
    signal: AbortSignal,
  ): Promise<Exclude<Standing, { kind: "failed" }>> {
    const container = await this.#client.containers.inspect(id, { signal });
    const standing = standingOf(container, condition, { wasStopped: this.#stopped.has(container.Id) });
    if (standing.kind !== "failed") return standing;
    const name = container.Name.replace(/^\//, "");
    const code = container.State.Health?.Status === "unhealthy" ? "unhealthy" : "dependency-failed";
    throw new WaitFailure(code, `container ${name} ${standing.reason}`, { container: id });
  }

  /** Resolves when something happens to the container, or at the signal. Throws when nothing can be heard any more. */
  async nextChange(id: string, signal: AbortSignal): Promise<void> {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners);
    let onEvent = () => {};
    try {
      await new Promise<void>((resolve) => {
        onEvent = resolve;
        listeners.add(onEvent);
        signal.addEventListener("abort", onEvent, { once: true });
        if (signal.aborted || this.#failure) resolve();
      });
    } finally {
      listeners.delete(onEvent);
      signal.removeEventListener("abort", onEvent);
    }
    if (this.#failure) throw this.#failure;
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
          if (event.Action === "stop") this.#stopped.add(event.Actor.ID);
          if (event.Action === "start") this.#stopped.delete(event.Actor.ID);
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

/** True when nothing happened in that time. */
async function isQuietFor(ms: number, event: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const quiet = sleep(ms, AbortSignal.any([signal, over.signal])).then(
    () => true,
    () => false,
  );
  const isQuiet = await Promise.race([quiet, event.then(() => false)]);
  over.abort();
  return isQuiet;
}
