/**
 * Cuts a zstd file into its frames. Pure.
 *
 * A file may hold several, as parallel writers and those of layers that are read in parts make it, with notes in
 * between that have no content. Node's decompressor ends with the first frame and says nothing of the rest.
 *
 * @see RFC 8878, "Zstandard Frames" and "Skippable Frames"
 */
import { GantryError } from "../../../base/errors.js";

/** Whether a file that begins so is zstd's; four bytes are looked at. */
export function isZstd(start: Uint8Array): boolean {
  const magic = magicOf(start);
  return magic === frameMagic || isSkippable(magic);
}

const frameMagic = 0xfd2fb528;
const skippableBytes = 8;
/** Magic number, descriptor, window, dictionary and content size. */
const longestHeader = 18;

/** What comes next in the file: so many bytes of a frame's inside, then the next decision. */
type State =
  | { readonly kind: "frame" }
  | { readonly kind: "block"; readonly hasChecksum: boolean }
  | { readonly kind: "pass"; left: number; readonly isContent: boolean; readonly next: State };

/** A piece of a frame. The last one of each frame says so; notes are left out. */
export interface FramePart {
  readonly bytes: Buffer;
  readonly endsFrame: boolean;
}

/** `push` every chunk, then `end`. Throws "import-failed" for what is no such file. */
export class ZstdFrames {
  #state: State = { kind: "frame" };
  #held: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<FramePart> {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = Buffer.alloc(0);
    let from = 0; // what is before was given or left out
    let at = 0;
    while (at < bytes.length) {
      const state = this.#state;
      if (state.kind !== "pass") {
        const rest = bytes.subarray(at);
        const decided = state.kind === "frame" ? afterFrameStart(rest) : afterBlockStart(rest, state.hasChecksum);
        if (!decided) {
          this.#held = Buffer.from(rest);
          break;
        }
        this.#state = decided;
        continue;
      }
      const passed = Math.min(state.left, bytes.length - at);
      state.left -= passed;
      at += passed;
      if (state.left === 0) this.#state = state.next;
      const endsFrame = state.isContent && state.left === 0 && state.next.kind === "frame";
      if (endsFrame) yield { bytes: bytes.subarray(from, at), endsFrame };
      if (endsFrame || !state.isContent) from = at;
    }
    if (from < at) yield { bytes: bytes.subarray(from, at), endsFrame: false };
  }

  end(): void {
    if (this.#state.kind !== "frame" || this.#held.length > 0) throw damaged("it ends early");
  }
}

/** The header of a frame, or a whole note; undefined while too little of it is there. */
function afterFrameStart(bytes: Buffer): State | undefined {
  if (bytes.length < skippableBytes) return undefined;
  const magic = magicOf(bytes);
  if (isSkippable(magic)) {
    return { kind: "pass", left: skippableBytes + bytes.readUInt32LE(4), isContent: false, next: { kind: "frame" } };
  }
  if (magic !== frameMagic) throw damaged("a frame has no magic number");
  const descriptor = bytes[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const left = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
  if (left > longestHeader) throw damaged("a frame's header is too long");
  return { kind: "pass", left, isContent: true, next: { kind: "block", hasChecksum: (descriptor & 4) !== 0 } };
}

/** A block with its three bytes of header, and the checksum when it is the last one. */
function afterBlockStart(bytes: Buffer, hasChecksum: boolean): State | undefined {
  if (bytes.length < 3) return undefined;
  const header = bytes.readUIntLE(0, 3);
  const [isLast, kind, size] = [(header & 1) !== 0, (header >> 1) & 3, header >> 3];
  if (kind === 3) throw damaged("a block is of no kind");
  // One byte stands for a block that repeats it.
  const left = 3 + (kind === 1 ? 1 : size) + (isLast && hasChecksum ? 4 : 0);
  return { kind: "pass", left, isContent: true, next: isLast ? { kind: "frame" } : { kind: "block", hasChecksum } };
}

function magicOf(bytes: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

function isSkippable(magic: number): boolean {
  return magic >>> 4 === 0x184d2a5;
}

function damaged(why: string): GantryError {
  return new GantryError("import-failed", `The archive was refused: its zstd compression is damaged: ${why}`);
}
