/** The engine's side of the build workers: started at first use, kept, handed jobs. Touches the world. */
import type { Worker } from "node:worker_threads";
import { type ErrorCode, errorCodes, GantryError } from "../../../base/errors.js";
import { endWorker, startWorker } from "../../layers/start-worker.js";
import type {
  BuildJob,
  BuildWorkerReply,
  BuildWorkerRequest,
  CommitJob,
  CommitResult,
  CopyJob,
  HashResult,
  InlineFile,
  MakeDirectoryJob,
  SourceTree,
} from "./build-job.js";

/** Stages side by side keep two busy; more would only wait for the disk. */
const workerCount = 2;

interface Lane {
  readonly worker: Worker;
  readonly waiting: Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>;
}

/** A worker that dies fails its jobs, and the next job starts another; idle ones do not keep the process alive. */
export class BuildWorkers {
  #lanes: Lane[] = [];
  #lastId = 0;

  async hash(trees: readonly SourceTree[], files: readonly InlineFile[]): Promise<HashResult> {
    return (await this.#run({ kind: "hash", trees, files })) as HashResult; // as `hashTrees` says
  }

  async copy(job: Omit<CopyJob, "kind">): Promise<void> {
    await this.#run({ kind: "copy", ...job });
  }

  async makeDirectory(job: Omit<MakeDirectoryJob, "kind">): Promise<void> {
    await this.#run({ kind: "make-directory", ...job });
  }

  async commit(job: Omit<CommitJob, "kind">): Promise<CommitResult> {
    return (await this.#run({ kind: "commit", ...job })) as CommitResult; // as `commitUpper` says
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map(({ worker }) => endWorker(worker)));
  }

  #run(job: BuildJob): Promise<unknown> {
    const lane = this.#freest();
    this.#lastId += 1;
    const id = this.#lastId;
    lane.worker.ref();
    return new Promise<unknown>((resolve, reject) => {
      lane.waiting.set(id, { resolve, reject });
      lane.worker.postMessage({ id, job } satisfies BuildWorkerRequest);
    }).finally(() => {
      lane.waiting.delete(id);
      if (lane.waiting.size === 0) lane.worker.unref();
    });
  }

  #freest(): Lane {
    const idle = this.#lanes.find(({ waiting }) => waiting.size === 0);
    if (idle) return idle;
    if (this.#lanes.length < workerCount) return this.#start();
    return this.#lanes.reduce((best, lane) => (lane.waiting.size < best.waiting.size ? lane : best));
  }

  #start(): Lane {
    const worker = startWorker("build-worker", { besides: import.meta.url, ownsFiles: false });
    const lane: Lane = { worker, waiting: new Map() };
    const lost = (error: unknown) => {
      this.#lanes = this.#lanes.filter((one) => one !== lane);
      for (const { reject } of lane.waiting.values()) reject(error);
    };
    worker.on("message", (reply: BuildWorkerReply) => {
      const waiting = lane.waiting.get(reply.id);
      if (reply.kind === "done") waiting?.resolve(reply.value);
      else waiting?.reject(failure(reply));
    });
    worker.on("error", lost);
    worker.on("exit", () => lost(new Error("The build worker ended")));
    this.#lanes.push(lane);
    return lane;
  }
}

function failure({ code, message }: Extract<BuildWorkerReply, { kind: "failed" }>): Error {
  return code !== undefined && code in errorCodes ? new GantryError(code as ErrorCode, message) : new Error(message);
}
