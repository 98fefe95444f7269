/** The engine's side of the unpack worker: starts it at first use, keeps it, hands it jobs. Touches the world. */
import type { Worker } from "node:worker_threads";
import { type ErrorCode, errorCodes, GantryError } from "../../base/errors.js";
import { endWorker, startWorker } from "./start-worker.js";
import type { FlattenJob, Job, Reply, Request, UnpackJob, UnpackResult } from "./unpack-job.js";

interface Waiting {
  readonly resolve: (result: UnpackResult | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((archiveBytes: number) => void) | undefined;
}

/**
 * Jobs run in the order they were given. A worker that dies fails its jobs, and the next job starts another; an idle
 * one does not keep the process alive. `close` ends it; jobs still waiting then fail.
 */
export class Unpacker {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;

  /** Rejects with "import-failed", "blob-corrupt", or the signal's reason. */
  async unpack(
    job: Omit<UnpackJob, "kind">,
    { signal, onProgress }: { signal: AbortSignal; onProgress?: (archiveBytes: number) => void },
  ): Promise<UnpackResult> {
    const result = await this.#run({ kind: "unpack", ...job }, signal, onProgress);
    if (!result) throw new Error("The unpack worker gave no result");
    return result;
  }

  async flatten(job: Omit<FlattenJob, "kind">, signal: AbortSignal): Promise<void> {
    await this.#run({ kind: "flatten", ...job }, signal);
  }

  async close(): Promise<void> {
    if (this.#worker) await endWorker(this.#worker);
  }

  async #run(job: Job, signal: AbortSignal, onProgress?: Waiting["onProgress"]): Promise<UnpackResult | undefined> {
    signal.throwIfAborted();
    const worker = this.#started();
    this.#lastId += 1;
    const id = this.#lastId;
    const cancel = () => worker.postMessage({ kind: "cancel", id } satisfies Request);
    signal.addEventListener("abort", cancel, { once: true });
    worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject, onProgress });
        worker.postMessage({ kind: "run", id, job } satisfies Request);
      });
    } catch (error) {
      signal.throwIfAborted(); // the caller's reason, rather than the worker's word for it
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) worker.unref();
    }
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = startWorker("unpack-worker", { besides: import.meta.url });
    worker.on("message", (reply: Reply) => this.#answer(reply));
    worker.on("error", (error) => this.#lost(worker, error));
    worker.on("exit", () => this.#lost(worker, new Error("The unpack worker ended")));
    this.#worker = worker;
    return worker;
  }

  #answer(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    if (reply.kind === "progress") waiting.onProgress?.(reply.archiveBytes);
    else if (reply.kind === "done") waiting.resolve(reply.result);
    else
      waiting.reject(isErrorCode(reply.code) ? new GantryError(reply.code, reply.message) : new Error(reply.message));
  }

  #lost(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && code in errorCodes;
}
