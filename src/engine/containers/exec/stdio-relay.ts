/**
 * An attachment that may be asked for before the process exists.
 *
 * Life: what is written before `connect` waits, within the stream's own limit; `connect` joins it to the process's
 * stdio, once; the reading side ends when that ends, or at `end` when no process will come.
 */
import { Duplex } from "node:stream";
import type { AttachedStdio } from "../../supervisor/supervisor.js";

export class StdioRelay implements AttachedStdio {
  readonly stream: Duplex;
  #stdio: AttachedStdio | undefined;
  #size: { height: number; width: number } | undefined;
  #onConnect: () => void = () => {};
  readonly #onClose: () => void;

  /** `onClose` is called once, when the client is gone or the stdio has ended. */
  constructor(onClose: () => void) {
    this.#onClose = onClose;
    this.stream = new Duplex({
      allowHalfOpen: true,
      read: () => {
        this.#stdio?.stream.resume();
      },
      write: (chunk: Uint8Array, _encoding, done) => this.#whenConnected((stdio) => stdio.write(chunk, () => done())),
      final: (done) => this.#whenConnected((stdio) => stdio.end(() => done())),
      destroy: (error, done) => {
        this.#stdio?.close();
        this.#onClose();
        done(error);
      },
    });
  }

  /**
   * Joins the client to the process's stdio. The client's end comes after `settled` too: the exit code is known then.
   */
  connect(stdio: AttachedStdio, settled: Promise<unknown> = Promise.resolve()): void {
    this.#stdio = stdio;
    if (this.stream.destroyed) {
      stdio.close();
      return;
    }
    stdio.stream.on("data", (chunk: Uint8Array) => {
      if (!this.stream.push(chunk)) stdio.stream.pause();
    });
    const end = () =>
      void settled.then(
        () => this.end(),
        () => this.end(),
      );
    stdio.stream.on("end", end);
    stdio.stream.on("close", end);
    stdio.stream.on("error", end);
    if (this.#size) stdio.resize(this.#size);
    this.#onConnect();
  }

  /** The client reads the end: no more output will come. */
  end(): void {
    if (this.stream.destroyed || this.stream.readableEnded) return;
    this.stream.push(null);
    this.#onClose();
  }

  resize(size: { height: number; width: number }): void {
    this.#size = size;
    this.#stdio?.resize(size);
  }

  close(): void {
    this.stream.destroy();
  }

  #whenConnected(work: (stdio: Duplex) => void): void {
    const stdio = this.#stdio;
    if (stdio) work(stdio.stream);
    else {
      this.#onConnect = () => {
        const now = this.#stdio;
        if (now) work(now.stream);
      };
    }
  }
}
