/** Runs a program outside of the engine and reads what it prints, with bounds on everything. */
import { spawn } from "node:child_process";
import { kill } from "node:process";
import { OutputTail } from "./output-tail.js";

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks the program to end; after a grace it is made to. */
  readonly signal: AbortSignal;
  /** Each line of standard output, whole. May throw: the program is then asked to end, and the throw passed on. */
  readonly onLine?: (line: string) => void;
}

/** `exitCode` is undefined for a program that a signal ended. `errorLines` is the end of its standard error. */
export interface ProgramEnd {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly errorLines: readonly string[];
}

/** More than any answer that is not a mistake. */
const maxOutputBytes = 4 * 1024 * 1024;
const killGraceMs = 5000;

/** Rejects with the signal's reason when aborted, and when the program cannot be started. */
export function runProgram(path: string, args: readonly string[], options: ProgramOptions): Promise<ProgramEnd> {
  const { cwd, env, signal, onLine } = options;
  signal.throwIfAborted();
  const child = spawn(path, [...args], { cwd, env: { ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const errors = new OutputTail();
  const lines = new LineReader(onLine);
  let failure: unknown;
  let killTimer: NodeJS.Timeout | undefined;
  const end = (reason: unknown) => {
    failure ??= reason;
    signalGroup(child.pid, "SIGTERM");
    killTimer ??= setTimeout(() => signalGroup(child.pid, "SIGKILL"), killGraceMs);
    // Whoever it has started may hold the other ends open; nobody reads them any more.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const onAbort = () => end(signal.reason);
  signal.addEventListener("abort", onAbort);
  child.stdout.on("data", (chunk: Buffer) => {
    try {
      if (failure === undefined) lines.push(chunk);
    } catch (error) {
      end(error);
    }
  });
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  return new Promise<ProgramEnd>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      errors.end();
      if (failure === undefined) {
        try {
          lines.end();
        } catch (error) {
          failure = error;
        }
      }
      if (failure !== undefined) reject(failure);
      else resolve({ exitCode: code ?? undefined, stdout: lines.text, errorLines: errors.lines });
    });
  }).finally(() => {
    clearTimeout(killTimer);
    signal.removeEventListener("abort", onAbort);
  });
}

/** The program leads a group of its own, so that what it has started ends with it. */
function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) kill(-pid, name);
  } catch {} // it has ended
}

/** Gathers the text, or hands its lines on, whichever the caller wants. */
class LineReader {
  readonly #onLine: ((line: string) => void) | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    if (this.#onLine && chunk.includes(10)) {
      const lines = this.text.split("\n");
      this.#chunks = [Buffer.from(lines.pop() ?? "")];
      this.#bytes = this.#chunks[0]?.length ?? 0;
      for (const line of lines) this.#onLine(line);
    }
    if (this.#bytes > maxOutputBytes) throw new Error("it prints more than anybody reads");
  }

  end(): void {
    const rest = this.text;
    if (this.#onLine && rest !== "") this.#onLine(rest);
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
