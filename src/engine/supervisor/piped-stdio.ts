/** An exec's stdio over plain pipes, in the shape of an attachment. */
import { Duplex, type Readable, type Writable } from "node:stream";
import { encodeFrame } from "../../wire/stream.js";
import type { AttachedStdio } from "./supervisor.js";

/**
 * `settled` resolves when all output was taken by the reader: both outputs ended, or gave nothing for `quietMs` though
 * the reader was ready. `finish` then ends the stream, also in spite of outputs that a background child holds open.
 */
export interface PipedStdio extends AttachedStdio {
  settled(quietMs: number): Promise<void>;
  finish(): void;
}

/** Takes the pipes over: closing the attachment closes them. */
export function pipedStdio(stdin: Writable | undefined, stdout: Readable, stderr: Readable): PipedStdio {
  const stream = new PipeStream(stdin, stdout, stderr);
  return {
    stream,
    settled: (quietMs) => stream.settled(quietMs),
    finish: () => stream.finish(),
    resize: () => {},
    close: () => void stream.destroy(),
  };
}

class PipeStream extends Duplex {
  readonly #drained: Promise<void>;
  readonly #stdin: Writable | undefined;
  readonly #outputs: readonly Readable[];
  #finished = false;
  /** The reader has enough for now (or has not begun). */
  #held = true;
  #bytes = 0;

  constructor(stdin: Writable | undefined, stdout: Readable, stderr: Readable) {
    super({ allowHalfOpen: true });
    this.#stdin = stdin;
    this.#outputs = [stdout, stderr];
    stdin?.on("error", () => {}); // the command closed its stdin: its output still counts
    const ended = this.#outputs.map(
      (output, at) =>
        new Promise<void>((resolve) => {
          output.on("data", (payload: Buffer) => {
            const frame = encodeFrame({ stream: at === 0 ? "stdout" : "stderr", payload });
            this.#bytes += payload.length;
            if (this.push(frame)) return;
            this.#held = true;
            for (const each of this.#outputs) each.pause();
          });
          output.once("close", resolve);
          output.once("error", resolve);
        }),
    );
    // Paused: a reader's first `_read` starts the flow.
    for (const output of this.#outputs) output.pause();
    this.#drained = Promise.all(ended).then(() => {});
  }

  async settled(quietMs: number): Promise<void> {
    for (;;) {
      const before = this.#bytes;
      const ended = await Promise.race([
        this.#drained.then(() => true),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), quietMs)),
      ]);
      if (ended || (!this.#held && this.#bytes === before)) return;
    }
  }

  finish(): void {
    if (this.#finished || this.destroyed) return;
    this.#finished = true;
    this.push(null);
    for (const output of this.#outputs) output.destroy();
    this.#stdin?.destroy();
  }

  override _read(): void {
    this.#held = false;
    for (const output of this.#outputs) output.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (!this.#stdin || this.#stdin.destroyed) done();
    else this.#stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#stdin?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (const output of this.#outputs) output.destroy();
    this.#stdin?.destroy();
    done(error);
  }
}
