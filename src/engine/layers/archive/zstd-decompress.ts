/** Decompresses zstd files of any number of frames. Touches the world only through zlib. */
import { once } from "node:events";
import * as zlib from "node:zlib";
import { GantryError } from "../../../base/errors.js";
import { ZstdFrames } from "./zstd-frames.js";

/**
 * The content of all frames, in chunks of that size at most.
 *
 * Reading it throws "import-failed" for damaged compression, "not-supported" on a Node that has no zstd.
 */
export async function* decompressZstd(
  source: AsyncIterable<Uint8Array>,
  { chunkBytes }: { chunkBytes: number },
): AsyncGenerator<Buffer> {
  if (typeof zlib.createZstdDecompress !== "function") {
    throw new GantryError("not-supported", "This version of Node cannot read zstd archives", {
      hint: "Run Gantry on Node 22.15 or newer",
    });
  }
  const parts = partsOf(source);
  try {
    for (let next = await parts.next(); !next.done; next = await parts.next()) {
      yield* oneFrame(next.value, parts, chunkBytes);
    }
  } finally {
    await parts.return(undefined);
  }
}

type Parts = AsyncGenerator<{ bytes: Buffer; endsFrame: boolean }>;

async function* partsOf(source: AsyncIterable<Uint8Array>): Parts {
  const frames = new ZstdFrames();
  for await (const chunk of source) {
    yield* frames.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  frames.end();
}

async function* oneFrame(
  first: { bytes: Buffer; endsFrame: boolean },
  parts: Parts,
  chunkSize: number,
): AsyncGenerator<Buffer> {
  const decompressor = zlib.createZstdDecompress({ chunkSize });
  const feed = async () => {
    for (let part = first; ; ) {
      if (!decompressor.write(part.bytes)) await once(decompressor, "drain");
      if (part.endsFrame) break;
      const next = await parts.next();
      if (next.done) break;
      part = next.value;
    }
    decompressor.end();
  };
  feed().catch((error: unknown) => decompressor.destroy(error instanceof Error ? error : new Error(String(error))));
  for await (const chunk of decompressor) yield chunk as Buffer; // no encoding is set, so chunks are buffers
}
