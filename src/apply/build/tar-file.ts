/** A file of the host as an entry of a tar. Touches the world: reads it. */
import { open } from "node:fs/promises";
import { tarHeader, tarPadding } from "./tar-writer.js";

const chunkBytes = 256 * 1024;

/** Its size is fixed by the header: what is written meanwhile is cut off, what is cut off filled with zeros. */
export async function* tarFile(path: string, name: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { size, mode, mtimeMs } = await file.stat();
    yield tarHeader({ name, type: "file", mode, modifiedS: mtimeMs / 1000, sizeBytes: size });
    for (let at = 0; at < size; ) {
      const chunk = Buffer.alloc(Math.min(chunkBytes, size - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      yield bytesRead === 0 ? chunk : chunk.subarray(0, bytesRead);
      at += bytesRead === 0 ? chunk.length : bytesRead;
    }
    yield tarPadding(size);
  } finally {
    await file.close();
  }
}
