/** Help texts that every command has: examples, and the exit codes of those that have more than two. */
import type { Command } from "commander";

const examples = new WeakMap<Command, readonly string[]>();

/** Adds examples, each a whole command line, to the command's help. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  examples.set(command, lines);
  const title = lines.length > 1 ? "Examples" : "Example";
  return command.addHelpText("after", `\n${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** Adds a list of exit codes to the command's help, in the order given. */
export function withExitCodes(command: Command, codes: Readonly<Record<string, string>>): Command {
  const lines = Object.entries(codes).map(([code, meaning]) => `  ${code.padEnd(8)} ${meaning}`);
  return command.addHelpText("after", `\nExit codes:\n${lines.join("\n")}`);
}

/** The examples that `withExamples` has given it. */
export function examplesOf(command: Command): readonly string[] {
  return examples.get(command) ?? [];
}

/** Gives a group of commands without examples the first one of each of its first members. */
export function withExamplesOfMembers(group: Command): void {
  const own = group.commands.flatMap((command) => examplesOf(command)[0] ?? []).slice(0, 3);
  if (own.length > 0 && examplesOf(group).length === 0) withExamples(group, ...own);
}
