/**
 * Work on containers' trees, each job in a thread of its own. Touches the world.
 *
 * Life: a job's thread ends with the job, with its signal, or when the reader of its stream leaves. Nothing is left of
 * it: what it mounted was in a mount namespace of its own.
 */
import type { Worker } from "node:worker_threads";
import { type ErrorCode, errorCodes, GantryError } from "../../../base/errors.js";
import { endWorker, startWorker } from "../start-worker.js";
import type { TreeChange, TreeJob, TreeReply, TreeRequest, TreeStat, TreeView } from "./tree-job.js";

const chunksInFlight = 8;

/** Throws "path-not-found", "container-not-running". */
export async function statInTree(view: TreeView, path: string, signal: AbortSignal): Promise<TreeStat> {
  return (await new TreeTask({ kind: "stat", view, path }, signal).done) as TreeStat;
}

/** Resolves when the path was found; `chunks` is the archive. Throws "path-not-found", "container-not-running". */
export async function packFromTree(
  view: TreeView,
  path: string,
  signal: AbortSignal,
): Promise<{ stat: TreeStat; chunks: AsyncIterable<Uint8Array> }> {
  const task = new TreeTask({ kind: "pack", view, path }, signal);
  const stat = await task.ready;
  if (!stat) throw new Error("A pack begins with what it packs");
  return { stat, chunks: task.chunks() };
}

/** A tar of the tree at `root`, without what is mounted in it elsewhere. */
export function exportTree(root: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  return new TreeTask({ kind: "export", root }, signal).chunks();
}

/** The tar of the layer that an overlay's writable directory makes. `lower` highest first. */
export function packDiff(
  overlay: { upper: string; lower: readonly string[] },
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return new TreeTask({ kind: "diff", ...overlay }, signal).chunks();
}

/** `lower` highest first. */
export async function changesOf(
  overlay: { upper: string; lower: readonly string[] },
  signal: AbortSignal,
): Promise<TreeChange[]> {
  return (await new TreeTask({ kind: "changes", ...overlay }, signal).done) as TreeChange[];
}

/** Bytes of content in each tree, in the order given; a tree that is gone counts nothing. */
export async function measureTrees(trees: readonly string[], signal: AbortSignal): Promise<number[]> {
  if (trees.length === 0) return [];
  return (await new TreeTask({ kind: "measure", trees }, signal).done) as number[];
}

/**
 * Writes a plain tar into a directory of the tree.
 *
 * @throws {GantryError} "path-not-found", "read-only", "bad-parameter", "import-failed" for what is no archive
 */
export async function extractIntoTree(
  view: TreeView,
  target: { path: string; keepKinds: boolean; owner?: { uid: number; gid: number } },
  { tar, signal }: { tar: AsyncIterable<Uint8Array>; signal: AbortSignal },
): Promise<void> {
  const task = new TreeTask({ kind: "extract", view, ...target }, signal);
  await task.ready;
  try {
    await Promise.race([task.feed(tar), task.done]);
    await task.done;
  } finally {
    task.cancel();
  }
}

/** One job and its thread. */
class TreeTask {
  readonly ready: Promise<TreeStat | undefined>;
  readonly done: Promise<unknown>;
  readonly #worker: Worker;
  readonly #arrived: Uint8Array[] = [];
  #sent = 0;
  #ended: { error?: unknown } | undefined;
  #wake = () => {};

  constructor(job: TreeJob, signal: AbortSignal) {
    signal.throwIfAborted();
    const worker = startWorker("tree-worker", { besides: import.meta.url, data: job });
    this.#worker = worker;
    const isReady = deferred<TreeStat | undefined>();
    const isDone = deferred<unknown>();
    this.ready = isReady.promise;
    this.done = isDone.promise;
    const fail = (error: unknown) => {
      this.#end({ error });
      isReady.reject(error);
      isDone.reject(error);
    };
    // Whoever waits is told; a failure that nobody waits for any more is no crash.
    for (const promise of [this.ready, this.done]) promise.catch(() => {});
    const onAbort = () => {
      fail(signal.reason);
      this.cancel();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    worker.on("message", (reply: TreeReply) => {
      if (reply.kind === "ready") isReady.resolve(reply.stat);
      else if (reply.kind === "chunk") this.#arrived.push(reply.bytes);
      else if (reply.kind === "taken") this.#sent -= 1;
      else if (reply.kind === "failed") fail(failure(reply));
      else {
        this.#end({});
        isDone.resolve(reply.value);
      }
      this.#wake();
    });
    worker.on("error", fail);
    worker.on("exit", () => {
      signal.removeEventListener("abort", onAbort);
      fail(new Error("The tree worker ended"));
    });
  }

  cancel(): void {
    void endWorker(this.#worker);
  }

  /** What the job sends, to be read once. Leaving early ends the job. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        const bytes = this.#arrived.shift();
        if (bytes) {
          this.#worker.postMessage({ kind: "taken" } satisfies TreeRequest);
          yield bytes;
        } else if (this.#ended) {
          if ("error" in this.#ended) throw this.#ended.error;
          return;
        } else await this.#changed();
      }
    } finally {
      this.cancel();
    }
  }

  async feed(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      while (this.#sent >= chunksInFlight && !this.#ended) await this.#changed();
      if (this.#ended) return;
      this.#sent += 1;
      this.#worker.postMessage({ kind: "chunk", bytes: new Uint8Array(chunk) } satisfies TreeRequest);
    }
    this.#worker.postMessage({ kind: "end" } satisfies TreeRequest);
  }

  #end(how: { error?: unknown }): void {
    this.#ended ??= how;
    this.#wake();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** What a path itself may be wrong by. */
const badPaths = ["ENOTDIR", "ENAMETOOLONG", "ELOOP"];

function failure({ code, errno, message }: Extract<TreeReply, { kind: "failed" }>): Error {
  if (code !== undefined && code !== "syscall-failed" && code in errorCodes) {
    return new GantryError(code as ErrorCode, message);
  }
  if (errno === "EROFS") return new GantryError("read-only", "the target is mounted read-only");
  if (errno === "ENOENT" || errno === "ENOTDIR") return new GantryError("path-not-found", message);
  if (badPaths.includes(errno ?? "")) return new GantryError("bad-parameter", message);
  return new Error(message);
}
