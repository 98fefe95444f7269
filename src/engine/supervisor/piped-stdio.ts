/** An exec's stdio over plain pipes, in the shape of an attachment. */
import { Duplex, type Readable, type Writable } from "node:stream";
import { encodeFrame } from "../../wire/stream.js";
import type { AttachedStdio } from "./supervisor.js";

/** `drained` resolves when both outputs have ended; `finish` ends the stream then, or in spite of open outputs. */
export interface PipedStdio extends AttachedStdio {
  readonly drained: Promise<void>;
  finish(): void;
}

/** Takes the pipes over: closing the attachment closes them. */
export function pipedStdio(stdin: Writable | undefined, stdout: Readable, stderr: Readable): PipedStdio {
  const stream = new PipeStream(stdin, stdout, stderr);
  return {
    stream,
    drained: stream.drained,
    finish: () => stream.finish(),
    resize: () => {},
    close: () => void stream.destroy(),
  };
}

class PipeStream extends Duplex {
  readonly drained: Promise<void>;
  readonly #stdin: Writable | undefined;
  readonly #outputs: readonly Readable[];
  #finished = false;

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
            if (!this.push(frame)) for (const each of this.#outputs) each.pause();
          });
          output.once("close", resolve);
          output.once("error", resolve);
        }),
    );
    // Paused: a reader's first `_read` starts the flow.
    for (const output of this.#outputs) output.pause();
    this.drained = Promise.all(ended).then(() => {});
  }

  finish(): void {
    if (this.#finished || this.destroyed) return;
    this.#finished = true;
    this.push(null);
    for (const output of this.#outputs) output.destroy();
    this.#stdin?.destroy();
  }

  override _read(): void {
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
