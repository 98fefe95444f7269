/** Plan files: written whole, for their owner alone; read from a file or a pipe, and not beyond what a plan may be. */
import { createReadStream } from "node:fs";
import { lstat } from "node:fs/promises";
import { writeDurably } from "../../../../base/durable-file.js";
import { GantryError, messageOf } from "../../../../base/errors.js";

/** A thousand services with contexts of fifty thousand files. */
const maxBytes = 64 * 2 ** 20;

/** `path` is what was asked for, `file` where it is. Throws "bad-parameter". */
export async function readPlanFile(path: string, file: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file, { end: maxBytes })) {
      chunks.push(chunk);
      bytes += chunk.length;
    }
  } catch (cause) {
    throw new GantryError("bad-parameter", `The plan ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (bytes > maxBytes) throw new GantryError("bad-parameter", `The plan ${path} is too big to be one`);
  return Buffer.concat(chunks).toString("utf8");
}

/** Nothing but a file is replaced: a device would be gone for everybody. Throws "bad-parameter". */
export async function writePlanFile(file: string, text: string): Promise<void> {
  const there = await lstat(file).catch(() => undefined);
  if (there && !there.isFile()) {
    throw new GantryError("bad-parameter", `The plan cannot be written to ${file}: it is there, and no file`);
  }
  await writeDurably(file, text).catch((cause: unknown) => {
    throw new GantryError("bad-parameter", `The plan cannot be written to ${file}: ${messageOf(cause)}`, { cause });
  });
}
