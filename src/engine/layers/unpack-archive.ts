/** Unpacks one layer's archive, checking both of its digests on the way. Touches the world; for the worker. */
import { createHash, type Hash } from "node:crypto";
import { closeSync, createReadStream, openSync } from "node:fs";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { GantryError } from "../../base/errors.js";
import type { Digest } from "../../oci/digest.js";
import { syncFileSystem } from "../kernel/mount.js";
import { TarReader } from "./archive/tar-reader.js";
import { TreeWriter } from "./archive/tree-writer.js";
import { decompressZstd } from "./archive/zstd-decompress.js";
import { isZstd } from "./archive/zstd-frames.js";
import { UnpackGuard } from "./unpack-guard.js";
import type { Compression, UnpackJob, UnpackResult, VerifyJob } from "./unpack-job.js";

/** Large reads and inflated chunks: fewer turns of the loop. Four of them are in flight at most. */
const chunkBytes = 512 * 1024;

/**
 * The tree is on disk when it resolves. What a failure leaves in `target` is the caller's to delete.
 *
 * @throws {GantryError} "import-failed" for an archive that is refused, "blob-corrupt" for one that does not match
 */
export async function unpackArchive(
  job: UnpackJob | VerifyJob,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (archiveBytes: number) => void },
): Promise<UnpackResult> {
  const archiveHash = createHash("sha256");
  const tarHash = createHash("sha256");
  const { target } = job.kind === "unpack" ? job : { target: undefined };
  const guard = new UnpackGuard(target ?? dirname(job.archive), job.limits);
  const writer = writerFor(job, guard);
  const reader = writer && new TarReader(writer);
  let archiveBytes = 0;
  let compression: Compression | undefined;

  async function* archive(): AsyncGenerator<Buffer> {
    for await (const chunk of createReadStream(job.archive, { highWaterMark: chunkBytes })) {
      const bytes = chunk as Buffer; // a stream without encoding yields buffers
      archiveHash.update(bytes);
      archiveBytes += bytes.length;
      onProgress(archiveBytes);
      yield bytes;
    }
  }
  const source = archive();
  const first = await source.next();
  compression = first.done ? "none" : sniffCompression(first.value);
  async function* rejoined(): AsyncGenerator<Buffer> {
    if (!first.done) yield first.value;
    yield* source;
  }
  async function consume(tar: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of tar) {
      signal.throwIfAborted();
      guard.grown(chunk.length, compression === "none" ? undefined : archiveBytes);
      if (compression !== "none") tarHash.update(chunk);
      reader?.push(chunk);
    }
    reader?.end();
  }
  try {
    if (compression === "gzip")
      await pipeline(rejoined(), zlib.createGunzip({ chunkSize: chunkBytes }), consume, { signal });
    else await consume(compression === "zstd" ? decompressZstd(rejoined(), { chunkBytes }) : rejoined());
  } catch (error) {
    writer?.abandon();
    await source.return(undefined);
    throw await explained(error, job);
  }
  const digest = checkedDigest(archiveHash, job.expected.digest, job.archive);
  const diffId = compression === "none" ? digest : digestFrom(tarHash);
  if (job.expected.diffId && diffId !== job.expected.diffId) {
    throw new GantryError("blob-corrupt", `Layer ${digest} unpacks to ${diffId}, not to ${job.expected.diffId}`);
  }
  const sizeBytes = writer?.finish().sizeBytes ?? 0;
  if (target !== undefined) syncTree(target);
  return { digest, diffId, compression, sizeBytes, archiveBytes };
}

function writerFor(job: UnpackJob | VerifyJob, guard: UnpackGuard): TreeWriter | undefined {
  if (job.kind === "verify") return undefined;
  return new TreeWriter(job.target, { whiteouts: job.whiteouts, onEntry: () => guard.entry() });
}

/** By the first bytes; media types lie in practice. */
function sniffCompression(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  return isZstd(start) ? "zstd" : "none";
}

/** Damaged bytes show as an error of gzip or tar; when the digest is wrong too, that is what has to be said. */
async function explained(error: unknown, job: UnpackJob | VerifyJob): Promise<unknown> {
  if (error instanceof Error && error.name === "AbortError") return error;
  if (job.expected.digest) {
    try {
      const whole = createHash("sha256");
      for await (const chunk of createReadStream(job.archive, { highWaterMark: chunkBytes })) whole.update(chunk);
      checkedDigest(whole, job.expected.digest, job.archive);
    } catch (mismatch) {
      if (mismatch instanceof GantryError) return mismatch;
    }
  }
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  if (!code.startsWith("Z_") && !code.startsWith("ZSTD_")) return error;
  return new GantryError("import-failed", `The archive was refused: its compression is damaged (${code})`);
}

function checkedDigest(hash: Hash, expected: Digest | undefined, path: string): Digest {
  const digest = digestFrom(hash);
  if (expected && digest !== expected) {
    throw new GantryError("blob-corrupt", `Blob ${expected} is damaged: its content has the digest ${digest}`, {
      cause: new Error(path),
    });
  }
  return digest;
}

function digestFrom(hash: Hash): Digest {
  return `sha256:${hash.digest("hex")}`;
}

/** A layer's record must never outlive its content; this is one call for all files together. */
function syncTree(path: string): void {
  const fd = openSync(path, "r");
  try {
    syncFileSystem(fd);
  } finally {
    closeSync(fd);
  }
}
