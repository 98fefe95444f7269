/** One container in memory: its record, its lock, and whoever waits for it. */
import type { WaitReply } from "../../../wire/container.js";
import type { StdioRelay } from "../exec/stdio-relay.js";
import type { Healer } from "../health/healer.js";
import type { HealthWatch } from "../health/health-monitor.js";
import type { LogRotation } from "../logs/log-rotation.js";
import type { ContainerRecord } from "../record/container-record.js";
import { Lock } from "./lock.js";

/** Changed only by who holds `lock`, except `isLeaving`, which `remove` sets to keep others from starting it. */
export class Container {
  record: ContainerRecord;
  readonly lock = new Lock();
  readonly exits = new Waiters();
  readonly removal = new Waiters();
  /** Attached clients that wait for the next run. */
  readonly relays = new Set<StdioRelay>();
  /** Every attached client, for changes of the terminal's size. */
  readonly stdios = new Set<StdioRelay>();
  isLeaving = false;
  /** Between the stop and the start of a restart by hand: its exit does not remove it. */
  isRestarting = false;
  /** The user asked this run to end. */
  stopRequested = false;
  restartTimer: NodeJS.Timeout | undefined;
  lastDelayMs = 0;
  /** An event has told that this run lacked memory. */
  oomTold = false;
  /** Monotonic; undefined for a run that an earlier engine began and that had ended when this one came. */
  startedAtMs: number | undefined;
  health: HealthWatch | undefined;
  healer: Healer | undefined;
  rotation: LogRotation | undefined;

  constructor(record: ContainerRecord) {
    this.record = record;
  }

  get id(): string {
    return this.record.id;
  }

  get status(): ContainerRecord["state"]["status"] {
    return this.record.state.status;
  }
}

/** People who wait for one event. */
export class Waiters {
  readonly #waiting = new Set<(reply: WaitReply) => void>();

  /** Resolves at the next `tell`, or rejects with the signal's reason. */
  next(signal?: AbortSignal): Promise<WaitReply> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const leave = () => {
        this.#waiting.delete(told);
        reject(signal?.reason);
      };
      const told = (reply: WaitReply) => {
        signal?.removeEventListener("abort", leave);
        resolve(reply);
      };
      this.#waiting.add(told);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  tell(reply: WaitReply): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const told of waiting) told(reply);
  }
}
