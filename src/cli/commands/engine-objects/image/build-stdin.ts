/** What `image build` finds in standard input: a Dockerfile, or the archive of a whole context. */
import { GantryError } from "../../../../base/errors.js";

export type BuildStdin =
  | { readonly kind: "dockerfile"; readonly text: string }
  | { readonly kind: "archive"; readonly tar: AsyncIterable<Uint8Array> };

/** More than any Dockerfile that a person wrote. */
const dockerfileLimitBytes = 4 * 1024 * 1024;
const blockBytes = 512;

/** gzip, bzip2, xz, zstd. */
const compressions = [[0x1f, 0x8b], [...Buffer.from("BZh")], [0xfd, 0x37, 0x7a, 0x58], [0x28, 0xb5, 0x2f, 0xfd]];

/** Throws "bad-parameter" for what is neither. */
export async function readBuildStdin(stdin: AsyncIterable<unknown>): Promise<BuildStdin> {
  const chunks = stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>; // no encoding is set
  let head: Buffer = Buffer.alloc(0);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    head = Buffer.concat([head, next.value]);
    if (head.length >= blockBytes) break;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  if (isArchive(head)) return { kind: "archive", tar: whole() };
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of whole()) {
    read.push(chunk);
    size += chunk.length;
    if (size > dockerfileLimitBytes || chunk.includes(0)) {
      throw new GantryError("bad-parameter", "Standard input is neither a Dockerfile nor an archive");
    }
  }
  return { kind: "dockerfile", text: Buffer.concat(read).toString() };
}

/** A compression, or a tar by the checksum of its first header; archives of before ustar have no magic number. */
function isArchive(head: Buffer): boolean {
  if (compressions.some((magic) => magic.every((byte, at) => head[at] === byte))) return true;
  if (head.length < blockBytes) return false;
  const stated = Number.parseInt(head.toString("latin1", 148, 156).replace(/\0.*$/s, "").trim(), 8);
  const sum = head.subarray(0, blockBytes).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return stated === sum;
}
