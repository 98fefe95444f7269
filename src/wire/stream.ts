/**
 * The framing of a container's two output streams on one connection.
 *
 * Pure. Each frame is an 8-byte header and a payload: byte 0 names the stream (1 stdout, 2 stderr, 3 the engine's own
 * error), bytes 4–7 hold the payload's size in bytes, big-endian. A container with a TTY sends raw bytes instead.
 *
 * @see Docker Engine API, ContainerAttach, "Stream format"
 */
import { GantryError } from "../base/errors.js";

export type StreamName = "stdin" | "stdout" | "stderr" | "error";
export interface StreamFrame {
  readonly stream: StreamName;
  readonly payload: Uint8Array;
}

const names: readonly StreamName[] = ["stdin", "stdout", "stderr", "error"];
const headerBytes = 8;

/** One frame with its header. */
export function encodeFrame({ stream, payload }: StreamFrame): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + payload.byteLength);
  frame.writeUInt32BE(names.indexOf(stream) << 24, 0);
  frame.writeUInt32BE(payload.byteLength, 4);
  frame.set(payload, headerBytes);
  return frame;
}

/** Takes raw bytes in arrival order, of any size, and gives whole frames; holds at most one incomplete frame. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0);

  /** The frames that `chunk` completes. Throws "stream-truncated" for a header that names no stream. */
  push(chunk: Uint8Array): StreamFrame[] {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk]);
    const frames: StreamFrame[] = [];
    let at = 0;
    while (this.#pending.length - at >= headerBytes) {
      const stream = names[this.#pending[at] ?? names.length];
      if (!stream) throw new GantryError("stream-truncated", "The engine's stream has a frame that names no stream");
      const end = at + headerBytes + this.#pending.readUInt32BE(at + 4);
      if (end > this.#pending.length) break;
      frames.push({ stream, payload: this.#pending.subarray(at + headerBytes, end) });
      at = end;
    }
    this.#pending = this.#pending.subarray(at);
    return frames;
  }

  /** Call when the source has ended. Throws "stream-truncated" when it ended inside a frame. */
  end(): void {
    if (this.#pending.length > 0) throw new GantryError("stream-truncated", "The engine's stream ended inside a frame");
  }
}
