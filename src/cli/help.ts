/** Help texts that every command has: examples, and the exit codes of those that have more than two. */
import type { Command } from "commander";

const examples = new WeakMap<Command, readonly string[]>();
const exitCodes = new WeakMap<Command, Readonly<Record<string, string>>>();

/** Adds examples, each a whole command line, to the command's help. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  examples.set(command, lines);
  const title = lines.length > 1 ? "Examples" : "Example";
  return command.addHelpText("after", `\n${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** Adds a list of exit codes to the command's help, in the order given. */
export function withExitCodes(command: Command, codes: Readonly<Record<string, string>>): Command {
  exitCodes.set(command, codes);
  const lines = Object.entries(codes).map(([code, meaning]) => `  ${code.padEnd(8)} ${wrapped(meaning).join(hang)}`);
  return command.addHelpText("after", `\nExit codes:\n${lines.join("\n")}`);
}

const hang = `\n${" ".repeat(11)}`;
const meaningChars = 68; // beside the code, on a terminal of 80 columns

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.pop();
    const line = last === undefined ? word : `${last} ${word}`;
    if (last === undefined || line.length <= meaningChars) lines.push(line);
    else lines.push(last, word);
  }
  return lines;
}

/** The examples that `withExamples` has given it. */
export function examplesOf(command: Command): readonly string[] {
  return examples.get(command) ?? [];
}

/** The exit codes that `withExitCodes` has given it. */
export function exitCodesOf(command: Command): Readonly<Record<string, string>> {
  return exitCodes.get(command) ?? {};
}

/** Gives a group of commands without examples the first one of each of its first members. */
export function withExamplesOfMembers(group: Command): void {
  const own = group.commands.flatMap((command) => examplesOf(command)[0] ?? []).slice(0, 3);
  if (own.length > 0 && examplesOf(group).length === 0) withExamples(group, ...own);
}
