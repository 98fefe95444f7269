/**
 * A worker thread that unpacks and copies layers, so that the engine's event loop never waits for them.
 *
 * Touches the world. Jobs run one after another; those that may run side by side are given to several workers.
 */
import { parentPort } from "node:worker_threads";
import { GantryError, messageOf, systemCodeOf } from "../../base/errors.js";
import { flattenTrees } from "./flatten-trees.js";
import { beginWork } from "./start-worker.js";
import { unpackArchive } from "./unpack-archive.js";
import type { Job, Reply, Request, UnpackResult } from "./unpack-job.js";

/** Progress is for people: ten times a second is as much as one can read. */
const progressEveryMs = 100;

const port = parentPort;
if (!port) throw new Error("The unpack worker is not a program of its own");
beginWork();
const cancels = new Map<number, AbortController>();
let last: Promise<void> = Promise.resolve();

port.on("message", (request: Request) => {
  if (request.kind === "cancel") {
    cancels.get(request.id)?.abort();
    return;
  }
  const cancel = new AbortController();
  cancels.set(request.id, cancel);
  last = last.then(() => run(request.id, request.job, cancel.signal));
});

async function run(id: number, job: Job, signal: AbortSignal): Promise<void> {
  const reply: Reply = await perform(id, job, signal).then(
    (result) => ({ kind: "done", id, result }),
    (error: unknown) => ({
      kind: "failed",
      id,
      ...(isFullDisk(error)
        ? { code: "disk-full", message: "no space left on device" }
        : { code: error instanceof GantryError ? error.code : undefined, message: messageOf(error) }),
    }),
  );
  cancels.delete(id);
  port?.postMessage(reply);
}

/** Errors lose their codes on the way between threads. Those of `kernel/` carry it in their cause. */
function isFullDisk(error: unknown): boolean {
  const codes = [error, error instanceof Error ? error.cause : undefined].map(systemCodeOf);
  return codes.includes("ENOSPC") || codes.includes("EDQUOT");
}

async function perform(id: number, job: Job, signal: AbortSignal): Promise<UnpackResult | undefined> {
  signal.throwIfAborted();
  if (job.kind === "flatten") {
    await flattenTrees(job, signal);
    return undefined;
  }
  let toldAt = 0;
  return unpackArchive(job, {
    signal,
    onProgress(archiveBytes) {
      if (performance.now() - toldAt < progressEveryMs) return;
      toldAt = performance.now();
      port?.postMessage({ kind: "progress", id, archiveBytes } satisfies Reply);
    },
  });
}
