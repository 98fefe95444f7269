/**
 * Joins this process's terminal or pipes and a container's or exec's stdio, until its output ends or the user detaches.
 */
import type { Duplex } from "node:stream";
import { GantryError } from "../base/errors.js";
import type { Hijacked } from "../client/engine-client.js";
import { readFrames } from "../client/frames.js";
import { detachScanner } from "../wire/detach-keys.js";
import type { CliContext } from "./context.js";

export interface SessionOptions {
  /** Whether our stdin goes to the process. */
  readonly stdin: boolean;
  /** As `ctrl-p,ctrl-q`; used with a terminal only. */
  readonly detachKeys?: string;
  /** Tells the engine the size of our terminal; called at once and at every change. */
  readonly resize?: (size: { height: number; width: number }) => Promise<void>;
}

/**
 * The output has been written when this resolves. A terminal is left as it was found. Throws "cancelled" at a Ctrl-C
 * that nobody passes on to the process.
 */
export async function runSession(
  context: CliContext,
  { stream, tty }: Hijacked,
  options: SessionOptions,
): Promise<"ended" | "detached"> {
  const restore: Array<() => void> = [];
  try {
    if (tty && options.resize) restore.push(followSize(context, options.resize));
    const detached = options.stdin ? forwardInput(context, { stream, tty }, { options, restore }) : undefined;
    const ended = writeOutput(context, { stream, tty }).then(() => "ended" as const);
    ended.catch(() => {}); // the race may be over when we close the stream
    const cancelled = untilCancelled(context.signal, restore);
    return await Promise.race([ended, cancelled, ...(detached ? [detached] : [])]);
  } finally {
    for (const step of restore.reverse()) step();
    stream.destroy();
  }
}

function untilCancelled(signal: AbortSignal, restore: Array<() => void>): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(new GantryError("cancelled", "Cancelled"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    restore.push(() => signal.removeEventListener("abort", stop));
  });
}

/** Frames go to stdout and stderr as they name; the reader's pace is kept. */
async function writeOutput(context: CliContext, { stream, tty }: Hijacked): Promise<void> {
  for await (const { stream: name, payload } of readFrames(stream, tty)) {
    await write(name === "stdout" || name === "stdin" ? context.stdout : context.stderr, payload);
  }
}

function write(output: NodeJS.WriteStream, payload: Uint8Array): Promise<void> {
  if (output.write(payload)) return Promise.resolve();
  return new Promise((resolve) => output.once("drain", resolve));
}

/** Resolves when the user pressed the detach keys; the end of our input half-closes the process's. */
function forwardInput(
  context: CliContext,
  { stream, tty }: Hijacked,
  { options, restore }: { options: SessionOptions; restore: Array<() => void> },
): Promise<"detached"> {
  const { stdin } = context;
  const raw = tty && stdin.isTTY;
  if (raw) {
    stdin.setRawMode(true);
    restore.push(() => stdin.setRawMode(false));
  }
  restore.push(() => stdin.pause());
  const scanner = raw ? detachScanner(options.detachKeys) : undefined;
  return new Promise((resolve) => {
    const onData = (chunk: Buffer) => {
      const { bytes, detached } = scanner?.push(chunk) ?? { bytes: chunk, detached: false };
      forward(stream, stdin, bytes);
      if (detached) resolve("detached");
    };
    const onEnd = () => stream.end();
    stdin.on("data", onData).once("end", onEnd).resume(); // whoever had it before may have paused it
    // A process that has ended takes no more input; how it ended is told elsewhere.
    stream.on("error", () => {});
    restore.push(() => stdin.off("data", onData).off("end", onEnd));
  });
}

function forward(stream: Duplex, stdin: NodeJS.ReadStream, bytes: Uint8Array): void {
  if (bytes.length === 0 || stream.write(bytes)) return;
  stdin.pause();
  stream.once("drain", () => stdin.resume());
}

function followSize(
  { stdout }: CliContext,
  resize: (size: { height: number; width: number }) => Promise<void>,
): () => void {
  // The process may be gone, or not there yet: the next change sets it right.
  const tell = () => void resize({ height: stdout.rows ?? 24, width: stdout.columns ?? 80 }).catch(() => {});
  if (!stdout.isTTY) return () => {};
  tell();
  stdout.on("resize", tell);
  return () => stdout.off("resize", tell);
}
