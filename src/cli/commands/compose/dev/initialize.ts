/**
 * `initializeCommand` of a devcontainer.json: it runs on this host, before there is a container. Whoever clones a
 * repository has not agreed to that yet, so it is shown and asked about.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { GantryError, messageOf } from "../../../../base/errors.js";
import { printable } from "../../../../base/printable.js";
import type { LifecycleCommands } from "../../../../dev/devcontainer/read-devcontainer.js";
import type { CliContext } from "../../../context.js";
import { confirm } from "../output/confirm.js";
import { warn } from "../output/notice.js";

export interface HostCommands {
  readonly commands: LifecycleCommands;
  /** Where they run. */
  readonly folder: string;
}

/** Where nobody can be asked it is told that they were left out. Throws "cancelled" for a no, "hook-failed". */
export async function runHostCommands(
  context: CliContext,
  { commands, folder }: HostCommands,
  yes: boolean | undefined,
): Promise<void> {
  const { stdin, stderr, env } = context;
  const lines = Object.values(commands).map((words) => printable(shown(words)));
  const canAsk = stdin.isTTY && stderr.isTTY && !env.CI;
  if (!yes && !canAsk) {
    const note = `initializeCommand runs on this host and was left out; --yes runs it: ${lines.join("; ")}`;
    return warn(context, note, { text: `note: ${note}` });
  }
  if (!yes) {
    stderr.write(
      `devcontainer.json runs on this host, outside of any container:\n${lines.map((l) => `  ${l}\n`).join("")}`,
    );
    const hint = "Look at devcontainer.json; --yes runs it without a question.";
    await confirm(context, "Run it?", { otherwise: false, hint });
  }
  for (const words of Object.values(commands)) await runHere(context, words, folder);
}

/** As it was written: a text was given to a shell. */
function shown(words: readonly string[]): string {
  const [shell, flag, text] = words;
  return shell === "sh" && flag === "-c" && words.length === 3 ? (text ?? "") : words.join(" ");
}

async function runHere({ env, signal }: CliContext, words: readonly string[], cwd: string): Promise<void> {
  const failed = (why: string, cause?: unknown) =>
    new GantryError("hook-failed", `initializeCommand ${why}: ${shown(words)}`, { cause });
  const [program = "", ...args] = words;
  // Its output is beside the point of whoever reads stdout.
  const child = spawn(program, args, { cwd, env: { ...env }, stdio: ["inherit", 2, 2], signal });
  const [code, ending] = (await once(child, "exit").catch((cause: unknown) => {
    signal.throwIfAborted();
    throw failed(messageOf(cause), cause);
  })) as [number | null, string | null];
  if (code !== 0) throw failed(`ended with ${code === null ? ending : `code ${code}`}`);
}
