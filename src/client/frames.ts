/** Reads an output stream of an engine as frames, framed or raw. */
import { FrameDecoder, type StreamFrame } from "../wire/stream.js";
import { unbroken } from "./unbroken.js";

/**
 * Frames in arrival order. Raw bytes (`tty`) come as stdout.
 *
 * @throws {GantryError} "stream-truncated" when the source ends inside a frame, "engine-unavailable" when it breaks
 */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>, tty: boolean): AsyncGenerator<StreamFrame, void> {
  if (tty) {
    for await (const payload of unbroken(chunks)) yield { stream: "stdout", payload };
    return;
  }
  const decoder = new FrameDecoder();
  for await (const chunk of unbroken(chunks)) yield* decoder.push(chunk);
  decoder.end();
}
