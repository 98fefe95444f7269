/** The engine's side of the unpack workers: starts them when they are needed, hands them jobs. Touches the world. */
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { type ErrorCode, errorCodes, GantryError } from "../../base/errors.js";
import { endWorker, startWorker } from "./start-worker.js";
import type { FlattenJob, Job, Reply, Request, UnpackJob, UnpackResult, VerifyJob } from "./unpack-job.js";

interface Waiting {
  readonly resolve: (result: UnpackResult | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((archiveBytes: number) => void) | undefined;
}

interface Hand {
  readonly worker: Worker;
  /** By the job's number. */
  readonly jobs: Map<number, Waiting>;
}

/** Inflating keeps a processor busy; more than this many writers only wait for the same disk. */
const mostWorkers = Math.min(4, availableParallelism());
/** A worker takes some megabytes: those that were needed for one pull alone do not stay. */
const idleMs = 10_000;

/**
 * Jobs run side by side, in as many workers as there are processors. A worker that dies fails its jobs, and the next
 * job starts another; an idle one does not keep the process alive. `close` ends them; jobs still waiting then fail.
 */
export class Unpacker {
  readonly #hands = new Set<Hand>();
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;

  /** Rejects with "import-failed", "blob-corrupt", "disk-full", or the signal's reason. */
  async unpack(
    job: UnpackJob | VerifyJob,
    { signal, onProgress }: { signal: AbortSignal; onProgress?: (archiveBytes: number) => void },
  ): Promise<UnpackResult> {
    const result = await this.#run(job, signal, onProgress);
    if (!result) throw new Error("The unpack worker gave no result");
    return result;
  }

  async flatten(job: Omit<FlattenJob, "kind">, signal: AbortSignal): Promise<void> {
    await this.#run({ kind: "flatten", ...job }, signal);
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await Promise.all([...this.#hands].map(({ worker }) => endWorker(worker)));
  }

  async #run(job: Job, signal: AbortSignal, onProgress?: Waiting["onProgress"]): Promise<UnpackResult | undefined> {
    signal.throwIfAborted();
    const { worker, jobs } = this.#freeHand();
    this.#lastId += 1;
    const id = this.#lastId;
    const cancel = () => worker.postMessage({ kind: "cancel", id } satisfies Request);
    signal.addEventListener("abort", cancel, { once: true });
    worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        jobs.set(id, { resolve, reject, onProgress });
        worker.postMessage({ kind: "run", id, job } satisfies Request);
      });
    } catch (error) {
      signal.throwIfAborted(); // the caller's reason, rather than the worker's word for it
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
      jobs.delete(id);
      if (jobs.size === 0) this.#rest(worker);
    }
  }

  /** One without work, a new one while there may be more, else the one with the least to do. */
  #freeHand(): Hand {
    const [least] = [...this.#hands].sort((a, b) => a.jobs.size - b.jobs.size);
    if (least && (least.jobs.size === 0 || this.#hands.size >= mostWorkers)) return least;
    const worker = startWorker("unpack-worker", { besides: import.meta.url });
    const hand: Hand = { worker, jobs: new Map() };
    worker.on("message", (reply: Reply) => answer(hand, reply));
    worker.on("error", (error) => this.#lost(hand, error));
    worker.on("exit", () => this.#lost(hand, new Error("The unpack worker ended")));
    this.#hands.add(hand);
    return hand;
  }

  #rest(worker: Worker): void {
    worker.unref();
    if (this.#hands.size < 2 || this.#idle) return;
    this.#idle = setTimeout(() => {
      this.#idle = undefined;
      const idle = [...this.#hands].filter(({ jobs }) => jobs.size === 0);
      for (const hand of idle.slice(idle.length === this.#hands.size ? 1 : 0)) {
        this.#hands.delete(hand);
        void endWorker(hand.worker);
      }
    }, idleMs).unref();
  }

  #lost(hand: Hand, error: unknown): void {
    this.#hands.delete(hand);
    for (const { reject } of hand.jobs.values()) reject(error);
    hand.jobs.clear();
  }
}

function answer({ jobs }: Hand, reply: Reply): void {
  const waiting = jobs.get(reply.id);
  if (!waiting) return;
  if (reply.kind === "progress") waiting.onProgress?.(reply.archiveBytes);
  else if (reply.kind === "done") waiting.resolve(reply.result);
  else waiting.reject(isErrorCode(reply.code) ? new GantryError(reply.code, reply.message) : new Error(reply.message));
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && code in errorCodes;
}
