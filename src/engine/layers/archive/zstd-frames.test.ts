import { zstdCompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { decompressZstd } from "./zstd-decompress.js";
import { isZstd } from "./zstd-frames.js";

const note = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from("abc")]);
const parts = ["first ", "x".repeat(400_000), "", "last"];
const file = Buffer.concat([note, ...parts.flatMap((part) => [zstdCompressSync(Buffer.from(part)), note])]);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function text(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressZstd(source, { chunkBytes: 1 << 16 })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it.each([1, 7, 1 << 20])(
  "reads every frame of a file that comes in pieces of %i, and leaves notes out",
  async (size) => {
    expect(await text(inPieces(file, size))).toBe(parts.join(""));
  },
);

it("knows such files by their first bytes, whatever they begin with", () => {
  expect([file, note, zstdCompressSync(Buffer.from("x")), Buffer.from("text")].map(isZstd)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

it("reads incompressible content with checksums, and a frame that repeats one byte", async () => {
  const noise = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7919 * (n % 251)) % 256));
  const { constants } = await import("node:zlib");
  const packed = zstdCompressSync(noise, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  expect(await text(inPieces(Buffer.concat([packed, zstdCompressSync(Buffer.alloc(1 << 20))]), 1000))).toBe(
    noise.toString() + "\0".repeat(1 << 20),
  );
});

it.each([
  ["a frame that is cut off", file.subarray(0, file.length - note.length - 2)],
  ["text behind a frame", Buffer.concat([file, Buffer.from("text behind it")])],
  ["a header alone", file.subarray(note.length, note.length + 5)],
  ["a block that is damaged", Buffer.concat([zstdCompressSync(Buffer.from("x")).fill(0xff, 8)])],
])("refuses %s", async (_what, bytes) => {
  await expect(text(inPieces(bytes, 1000))).rejects.toThrow();
});
