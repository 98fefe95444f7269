/**
 * What happens to a container: start, exits, restarts.
 *
 * Every change holds the container's lock; waiting for an exit does not, because the exit needs it. One durable write
 * for a start, one for an exit:
 * - start: the run directory as a mark → `beginRun` → record `running` with process and sandbox → events → answer
 * - exit: record `exited` or `restarting` → events → `endRun` → whoever waits → removal or the restart timer
 * What a crash between two of these leaves is told apart by `restore.ts`.
 */
import { access, writeFile } from "node:fs/promises";
import { GantryError, messageOf } from "../../../base/errors.js";
import type { ProcessExit } from "../../supervisor/supervisor.js";
import { withState } from "../record/container-record.js";
import { hasProcess, nextStatus } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import type { Container } from "./container.js";
import { announce, announceNetworks, announceVolumes } from "./notices.js";
import { decideRestart } from "./restart-policy.js";
import { beginRun, endRun } from "./run.js";
import { startFailureCode } from "./signals.js";
import type { Watchers } from "./watchers.js";

/** Who starts it: a user's start clears the count of restarts and the mark of a stop. */
export type Starter = "user" | "policy";

export class Lifecycle {
  readonly #rooms: Rooms;
  readonly #watchers: Watchers;
  readonly #closing = new AbortController();
  /** Removes a container that asked for it, after its exit. Set by the store, which knows how. */
  onAutoRemove: (container: Container) => void = () => {};

  constructor(rooms: Rooms, watchers: Watchers) {
    this.#rooms = rooms;
    this.#watchers = watchers;
  }

  /** False when it already runs. */
  start(container: Container, by: Starter): Promise<boolean> {
    return container.lock.run(() => this.#start(container, by));
  }

  /** For `supervisor.onExit`. Exits of runs that are over already change nothing. */
  exited(exit: ProcessExit): void {
    const container = this.#rooms.index.byId(exit.containerId);
    if (!container) return;
    container.lock
      .run(() => this.#exit(container, exit))
      .catch((error: unknown) => this.#rooms.report(`The exit of container ${container.record.name}`, error));
  }

  /** For `supervisor.onOom`. The container may live on; whether it was ended so is told by its exit. */
  lackedMemory(containerId: string): void {
    const container = this.#rooms.index.byId(containerId);
    if (!container || !hasProcess(container.status)) return;
    container.oomTold = true;
    announce(this.#rooms, container.record, "oom");
  }

  /** Runs it again after a delay, unless somebody cancels that or starts it before. */
  scheduleRestart(container: Container, delayMs: number): void {
    container.lastDelayMs = delayMs;
    container.restartTimer = setTimeout(() => {
      if (container.status !== "restarting" || this.#closing.signal.aborted) return;
      this.start(container, "policy").catch((error: unknown) =>
        this.#rooms.report(`Container ${container.record.name} could not be started again`, error),
      );
    }, delayMs);
  }

  /** Ends the wait for a restart; the caller holds the lock. */
  async cancelRestart(container: Container): Promise<void> {
    clearTimeout(container.restartTimer);
    await this.#rooms.index.save(container, withState(container.record, { status: "exited", stoppedByUser: true }));
  }

  /** Notes that a user wants this run to end, where an engine that starts later finds it. */
  async markStop(container: Container): Promise<void> {
    container.stopRequested = true;
    await writeFile(this.#rooms.paths.stopMark(container.id), "").catch(() => undefined);
  }

  /** No container is started any more. */
  close(): void {
    this.#closing.abort(new GantryError("cancelled", "The engine is shutting down"));
    for (const container of this.#rooms.index.all()) clearTimeout(container.restartTimer);
  }

  async #start(container: Container, by: Starter): Promise<boolean> {
    const { status } = container;
    if (status === "running" || (status === "paused" && by === "policy")) return false;
    if (status === "paused") {
      throw new GantryError("container-conflict", "cannot start a paused container, try unpause instead");
    }
    const next = container.isLeaving ? undefined : nextStatus(status, "start");
    if (!next) {
      throw new GantryError("container-conflict", "container is marked for removal and cannot be started");
    }
    // A stop that came first has already moved it out of `restarting`.
    if (by === "policy" && status === "exited" && container.record.state.stoppedByUser) return false;
    clearTimeout(container.restartTimer);
    try {
      await this.#run(container, by);
    } catch (error) {
      await this.#failStart(container, error);
      throw error;
    }
    return true;
  }

  async #run(container: Container, by: Starter): Promise<void> {
    const { index, clock } = this.#rooms;
    container.stopRequested = false;
    container.oomTold = false;
    const { process, sandbox } = await beginRun(this.#rooms, container, this.#closing.signal);
    container.startedAtMs = clock.monotonicMs();
    if (by === "user") forgetFailures(container);
    const { state } = container.record;
    const health = this.#watchers.initialHealth(container.record);
    try {
      const started = withState(container.record, {
        status: "running",
        startedAt: clock.now().toISOString(),
        exitCode: 0,
        error: "",
        oomKilled: false,
        restartCount: by === "user" ? 0 : state.restartCount + 1,
        stoppedByUser: false,
        healing: undefined,
        process,
        sandbox,
        health,
      });
      await index.save(container, started);
    } catch (error) {
      // A process without a record would be nobody's.
      this.#rooms.supervisor.kill(process, 9);
      await endRun(this.#rooms, container);
      throw error;
    }
    announceNetworks(this.#rooms, container.record, { action: "connect", sandbox });
    announceVolumes(this.#rooms, container.record, "mount");
    announce(this.#rooms, container.record, "start");
    this.#watchers.watch(container);
  }

  async #failStart(container: Container, error: unknown): Promise<void> {
    const { index, report } = this.#rooms;
    for (const relay of [...container.relays]) relay.end();
    const status = container.status === "created" ? "created" : "exited";
    const failed = { status, error: messageOf(error), exitCode: startFailureCode(error) } as const;
    const finishedAt = container.status === "created" ? {} : { finishedAt: this.#rooms.clock.now().toISOString() };
    await index
      .save(container, withState(container.record, { ...failed, ...finishedAt }))
      .catch((cause: unknown) => report(`The record of container ${container.record.name}`, cause));
    container.exits.tell({ StatusCode: failed.exitCode, Error: { Message: failed.error } });
    if (container.record.hostConfig.AutoRemove) this.onAutoRemove(container);
  }

  async #exit(container: Container, exit: ProcessExit): Promise<void> {
    const { index, paths } = this.#rooms;
    const { state, hostConfig } = container.record;
    if (!hasProcess(state.status)) return;
    this.#watchers.unwatch(container);
    const stoppedByUser = container.stopRequested || (await fileExists(paths.stopMark(container.id)));
    const ranMs = this.#ranMs(container, exit);
    const decision = decideRestart({
      policy: hostConfig.RestartPolicy,
      exitCode: exit.exitCode,
      stoppedByUser: stoppedByUser || container.isLeaving,
      isHealing: state.healing === true,
      restartCount: state.restartCount,
      ranMs,
      lastDelayMs: container.lastDelayMs,
    });
    const ended = withState(container.record, {
      status: decision.kind === "restart" ? "restarting" : "exited",
      exitCode: exit.exitCode,
      oomKilled: exit.oomKilled,
      finishedAt: exit.finishedAt.toISOString(),
      stoppedByUser,
      process: undefined,
      sandbox: undefined,
    });
    await index.save(container, ended).catch((error: unknown) => {
      // It has ended, whether the disk takes that or not; an engine that reads the old record finds the process gone.
      this.#rooms.report(`The exit of container ${ended.name} could not be recorded`, error);
      container.record = ended;
    });
    if (exit.oomKilled && !container.oomTold) announce(this.#rooms, ended, "oom");
    announce(this.#rooms, ended, "die", {
      exitCode: String(exit.exitCode),
      execDuration: String(Math.floor(ranMs / 1000)),
    });
    await endRun(this.#rooms, container);
    announceNetworks(this.#rooms, ended, { action: "disconnect", sandbox: state.sandbox });
    announceVolumes(this.#rooms, ended, "unmount");
    container.exits.tell({ StatusCode: exit.exitCode });
    if (decision.kind === "restart") this.scheduleRestart(container, decision.delayMs);
    else if (hostConfig.AutoRemove && !container.isRestarting) this.onAutoRemove(container);
  }

  /** By the monotonic clock; a run begun by an earlier engine only has wall-clock times. */
  #ranMs({ startedAtMs, record }: Container, { finishedAt }: ProcessExit): number {
    if (startedAtMs !== undefined) return this.#rooms.clock.monotonicMs() - startedAtMs;
    return Math.max(0, finishedAt.getTime() - Date.parse(record.state.startedAt));
  }
}

/** Whoever starts it by hand has looked at it. */
function forgetFailures(container: Container): void {
  container.lastDelayMs = 0;
  container.healer = undefined;
}

function fileExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
