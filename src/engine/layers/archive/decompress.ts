/**
 * A plain tar out of whatever compression it came in: told by its first bytes, as media types lie in practice.
 *
 * Touches the world: xz and bzip2 are read by their own programs.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { GantryError, systemCodeOf } from "../../../base/errors.js";
import { decompressZstd } from "./zstd-decompress.js";
import { isZstd } from "./zstd-frames.js";

const chunkBytes = 256 * 1024;
/** The longest magic number below. */
const magicBytes = 6;

const formats = [
  { name: "gzip", magic: Buffer.from([0x1f, 0x8b]) },
  { name: "xz", magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) },
  { name: "bzip2", magic: Buffer.from("BZh") },
] as const;

/** Reading it throws "import-failed" for damaged compression, "helper-missing" without the program. */
export async function decompressed(source: Readable): Promise<AsyncIterable<Uint8Array>> {
  const { head, rest } = await peek(source);
  if (isZstd(head)) return decompressZstd(rest, { chunkBytes });
  const format = formats.find(({ magic }) => head.subarray(0, magic.length).equals(magic))?.name;
  if (format === undefined) return rest;
  const output = new PassThrough({ highWaterMark: chunkBytes });
  const work = format === "gzip" ? inflate(rest, output) : byProgram(format, rest, output);
  work.catch((error: unknown) => output.destroy(explained(format, error)));
  return output;
}

function inflate(source: AsyncIterable<Buffer>, output: PassThrough): Promise<void> {
  return pipeline(Readable.from(source), zlib.createGunzip({ chunkSize: chunkBytes }), output);
}

async function byProgram(program: string, source: AsyncIterable<Buffer>, output: PassThrough): Promise<void> {
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "ignore"] });
  output.once("close", () => child.kill());
  const ended = once(child, "close");
  // When the program dies its pipe breaks too; what it died of says more.
  pipeline(Readable.from(source), child.stdin).catch(() => {});
  child.stdout.pipe(output, { end: false });
  const [code] = await ended;
  if (code !== 0) throw new Error(`exit code ${code}`);
  output.end();
}

async function peek(source: Readable): Promise<{ head: Buffer; rest: AsyncIterable<Buffer> }> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head: Buffer = Buffer.alloc(0);
  while (head.length < magicBytes) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* rest(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  return { head, rest: rest() };
}

function explained(format: string, error: unknown): Error {
  if (systemCodeOf(error) === "ENOENT") {
    return new GantryError("helper-missing", `${format} is needed to read this archive and is not installed`, {
      hint: `Install ${format === "xz" ? "xz-utils" : format}, or send the archive uncompressed`,
    });
  }
  return new GantryError("import-failed", `The archive was refused: its ${format} compression is damaged`, {
    cause: error,
  });
}
