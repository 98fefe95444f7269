/**
 * A thread that does one job on a tree and ends: it may have changed its root for the job, and never changes back.
 *
 * Touches the world. Content travels in chunks, a few in flight at most, so that a slow client slows the walk and not
 * the engine's memory.
 */
import * as fs from "node:fs";
import { parentPort } from "node:worker_threads";
import { GantryError, messageOf, systemCodeOf } from "../../../base/errors.js";
import { TarReader } from "../archive/tar-reader.js";
import { beginWork } from "../start-worker.js";
import { enterDirectory, enterTree } from "./enter-tree.js";
import { endOfArchive } from "./tar-encode.js";
import { TreeExtractor } from "./tree-extractor.js";
import type { TreeJob, TreeReply, TreeRequest } from "./tree-job.js";
import { archiveName, statPath } from "./tree-stat.js";
import { below, lstat, names, packTree, raw } from "./tree-tar.js";
import { packDiff, planDiff, upperChanges } from "./upper-changes.js";

const chunksInFlight = 8;
/** Headers and small files travel together. */
const batchBytes = 256 * 1024;

if (!parentPort) throw new Error("The tree worker is not a program of its own");
const port = parentPort;
const job = beginWork() as TreeJob;
const incoming: TreeRequest[] = [];
let wake = () => {};
let inFlight = 0;

port.on("message", (request: TreeRequest) => {
  if (request.kind === "taken") inFlight -= 1;
  else incoming.push(request);
  wake();
});

perform(job).then(
  (value) => finish({ kind: "done", value }),
  (error: unknown) =>
    finish({
      kind: "failed",
      code: error instanceof GantryError ? error.code : undefined,
      errno: (error instanceof Error ? systemCodeOf(error.cause) : undefined) ?? systemCodeOf(error),
      message: messageOf(error),
    }),
);

async function perform(job: TreeJob): Promise<unknown> {
  switch (job.kind) {
    case "stat":
      enterTree(job.view);
      return statPath(job.path);
    case "pack":
      enterTree(job.view);
      return pack(job.path);
    case "export":
      enterDirectory(job.root);
      tell({ kind: "ready", stat: undefined });
      return sendAll(packRoot());
    case "extract":
      enterTree(job.view);
      return extract(job);
    case "changes":
      return upperChanges(job.upper, job.lower);
    case "diff": {
      const plan = planDiff(job.upper, job.lower);
      enterDirectory(job.upper);
      tell({ kind: "ready", stat: undefined });
      return sendAll(packDiff(plan));
    }
    case "measure":
      return job.trees.map((tree) => measure(tree, new Set()));
  }
}

async function pack(path: string): Promise<void> {
  const stat = statPath(path);
  const { source, name } = archiveName(path);
  tell({ kind: "ready", stat });
  await sendAll(packTree(source, name));
}

/** The root's own entry is left out: an image import makes it anyway. */
function* packRoot(): Generator<Buffer> {
  const links = new Map<string, string>();
  for (const name of names("/")) yield* packTree(below("/", name), name, links);
}

async function extract({ path, keepKinds, owner }: Extract<TreeJob, { kind: "extract" }>): Promise<void> {
  const directory = fs.realpathSync(path, { encoding: "buffer" }).toString("latin1");
  if (!fs.statSync(raw(directory)).isDirectory()) {
    throw new GantryError("bad-parameter", "extraction point is not a directory");
  }
  // Looked at before the body is read: an archive for a read-only place is refused as a whole.
  fs.accessSync(raw(directory), fs.constants.W_OK);
  const extractor = new TreeExtractor(directory, { keepKinds, ...(owner ? { owner } : {}) });
  const reader = new TarReader(extractor);
  tell({ kind: "ready", stat: undefined });
  for (;;) {
    const request = await nextRequest();
    if (request.kind === "end") break;
    if (request.kind !== "chunk") continue;
    reader.push(Buffer.from(request.bytes.buffer, request.bytes.byteOffset, request.bytes.byteLength));
    tell({ kind: "taken" });
  }
  reader.end();
  extractor.finish();
}

async function nextRequest(): Promise<TreeRequest> {
  for (;;) {
    const request = incoming.shift();
    if (request) return request;
    await changed();
  }
}

async function sendAll(pieces: Iterable<Buffer>): Promise<void> {
  let batch: Buffer[] = [];
  let size = 0;
  const flush = async () => {
    if (size === 0) return;
    // A copy of its own: small buffers share their memory with others, which must not be handed over.
    const bytes = new Uint8Array(size);
    Buffer.concat(batch).copy(bytes);
    batch = [];
    size = 0;
    inFlight += 1;
    port.postMessage({ kind: "chunk", bytes } satisfies TreeReply, [bytes.buffer]);
    while (inFlight >= chunksInFlight) await changed();
  };
  for (const piece of pieces) {
    batch.push(piece);
    size += piece.length;
    if (size >= batchBytes) await flush();
  }
  batch.push(endOfArchive);
  size += endOfArchive.length;
  await flush();
}

function measure(path: string, seen: Set<string>): number {
  const stat = lstat(path);
  if (!stat) return 0;
  if (stat.isDirectory()) return names(path).reduce((sum, name) => sum + measure(below(path, name), seen), 0);
  const inode = `${stat.dev}:${stat.ino}`;
  if (!stat.isFile() || (stat.nlink > 1n && seen.has(inode))) return 0;
  seen.add(inode);
  return Number(stat.size);
}

function changed(): Promise<void> {
  return new Promise((resolve) => {
    wake = resolve;
  });
}

function tell(reply: TreeReply): void {
  port.postMessage(reply);
}

function finish(reply: TreeReply): void {
  tell(reply);
  port.close();
}
