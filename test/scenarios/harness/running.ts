/** A command of the program that goes on until it is ended, as `watch` and a foreground `up`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "vitest";
import { eventually } from "./eventually.js";

export interface Running extends AsyncDisposable {
  /** Both streams so far. */
  output(): string;
  /** Waits until it has said that. */
  says(text: string | RegExp, withinMs?: number): Promise<void>;
  /** Sends a signal and waits for the end; the exit code, or the signal when that ended it. */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

const patienceMs = 30_000;

/** `words` are a whole command line. Disposing ends it with SIGINT, as Ctrl-C does. */
export function startProgram(
  [file = "", ...words]: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Running {
  const child = spawn(file, words, { cwd, env });
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const end = async (signal: NodeJS.Signals = "SIGINT") => {
    child.kill(signal);
    const [code, by] = await exited;
    return code ?? by ?? -1;
  };
  return {
    output: () => output,
    says: (text, withinMs = patienceMs) => eventually(() => expect(output).toMatch(text), withinMs),
    end,
    [Symbol.asyncDispose]: async () => void (await end()),
  };
}
