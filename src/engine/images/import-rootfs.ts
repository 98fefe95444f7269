/** Makes a one-layer image of a root file system tarball. Touches the world. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GantryError, isGantryError, systemCodeOf } from "../../base/errors.js";
import type { Digest } from "../../oci/digest.js";
import { mediaTypes } from "../../oci/manifest.js";
import type { Platform } from "../../oci/platform.js";
import type { ContainerConfig } from "../../wire/container.js";
import type { LayerStore } from "../layers/layer-store.js";
import { UnpackGuard } from "../layers/unpack-guard.js";
import type { BlobStore } from "./blob-store.js";
import type { ImageRecord } from "./image-index.js";

export interface ImportRequest {
  readonly config: ContainerConfig;
  readonly platform: Platform;
  readonly message: string;
  readonly createdAt: Date;
  readonly signal: AbortSignal;
}

const layerTypes = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
} as const;

/**
 * Stores the tarball as a blob, unpacks it, and writes configuration and manifest. The caller records the image. A
 * failure leaves at most blobs and a layer that nothing names.
 *
 * @throws {GantryError} "import-failed" when it is not an archive or is refused
 */
export async function importRootfs(
  tar: Readable,
  request: ImportRequest,
  { blobs, layers }: { blobs: BlobStore; layers: LayerStore },
): Promise<ImageRecord> {
  const archive = blobs.partialPath(`import-${randomUUID()}`);
  try {
    await spool(tar, archive, request.signal);
    const unpacked = await layers.unpack(archive, { expected: {}, signal: request.signal });
    await blobs.adopt(archive, unpacked.digest);
    const { chainId, sizeBytes } = await layers.keepLayer(unpacked);
    const id = await blobs.write(JSON.stringify(imageConfig(request, unpacked.diffId)));
    const layer = {
      mediaType: layerTypes[unpacked.compression],
      digest: unpacked.digest,
      size: unpacked.archiveBytes,
    };
    const manifest = await blobs.write(JSON.stringify(await imageManifest(id, await blobs.sizeBytes(id), layer)));
    const lastTaggedAt = request.createdAt.toISOString();
    return { id, manifest, layers: [unpacked.digest], chainIds: [chainId], sizeBytes, lastTaggedAt };
  } finally {
    await rm(archive, { force: true });
  }
}

function imageConfig({ config, platform, message, createdAt }: ImportRequest, diffId: Digest): object {
  const created = createdAt.toISOString();
  return {
    created,
    architecture: platform.architecture,
    ...(platform.variant ? { variant: platform.variant } : {}),
    os: platform.os,
    config,
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created, comment: message }],
  };
}

function imageManifest(config: Digest, size: number, layer: object): object {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: config, size },
    layers: [layer],
  };
}

/** Formats that no layer may have on the wire are turned into plain tar by their own program. */
const foreignFormats = [
  { program: "xz", magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) },
  { program: "bzip2", magic: Buffer.from("BZh") },
] as const;

async function spool(tar: Readable, path: string, signal: AbortSignal): Promise<void> {
  const source = tar[Symbol.asyncIterator]();
  const start: Buffer[] = [];
  let done = false;
  while (!done && Buffer.concat(start).length < 6) {
    const next = await source.next();
    done = next.done === true;
    if (!done) start.push(Buffer.from(next.value));
  }
  const head = Buffer.concat(start);
  async function* whole(): AsyncGenerator<Buffer> {
    yield head;
    if (!done) yield* { [Symbol.asyncIterator]: () => source };
  }
  const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
  const foreign = foreignFormats.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  const guard = new UnpackGuard(dirname(path));
  if (foreign) await decompress(foreign.program, whole(), { file, signal, guard });
  else await pipeline(guard.watch(whole()), file, { signal });
}

async function decompress(
  program: string,
  source: AsyncIterable<Buffer>,
  { file, signal, guard }: { file: Writable; signal: AbortSignal; guard: UnpackGuard },
): Promise<void> {
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "ignore"], signal });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", (error) => reject(explainSpawn(program, error)));
    child.on("close", (code) => (code === 0 ? resolve() : reject(damaged(program))));
  });
  // When the program dies its pipes break too; what it died of says more.
  const fed = pipeline(source, child.stdin).catch(() => {});
  await Promise.all([ended, fed, pipeline(guard.watch(child.stdout), file, { signal })]).catch((error: unknown) => {
    signal.throwIfAborted();
    throw isGantryError(error) ? error : damaged(program);
  });
}

function explainSpawn(program: string, error: Error): Error {
  if (systemCodeOf(error) !== "ENOENT") return error;
  return new GantryError("helper-missing", `${program} is needed to read this archive and is not installed`, {
    hint: `Install ${program === "xz" ? "xz-utils" : program}, or give the archive uncompressed`,
  });
}

function damaged(program: string): GantryError {
  return new GantryError("import-failed", `The archive was refused: ${program} could not read it`);
}
