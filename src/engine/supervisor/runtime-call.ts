/** One short call of an OCI runtime: its exit code and what it said. */
import { spawn } from "node:child_process";
import { GantryError } from "../../base/errors.js";
import { helperEnv } from "./conmon.js";

/** Enough for any runtime's complaint. */
const outputKeptChars = 16384;

/** Throws "helper-missing" when the program cannot be run. */
export function runRuntime(command: string, args: readonly string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    // A session of its own: a Ctrl-C at the engine's terminal must not tear a container's start apart.
    const child = spawn(command, args, {
      env: helperEnv,
      cwd: "/",
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-outputKeptChars);
    });
    child.once("error", (cause) => reject(new GantryError("helper-missing", `Cannot run ${command}`, { cause })));
    child.once("close", (exitCode) => resolve({ exitCode: exitCode ?? -1, output }));
  });
}
