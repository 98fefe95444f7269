/** Every command with its flags, for what is made from the definitions: completion, the reference. */
import type { Command } from "commander";
import { registerComposeCommands } from "./commands/compose/register/register-compose.js";
import { registerEngineObjects } from "./commands/engine-objects/register.js";
import type { CliContext, CliEnvironment } from "./context.js";
import { createProgram } from "./program.js";

/** The program with all its commands. Their actions get `context`. */
export function wholeProgram(
  environment: Pick<CliEnvironment, "version" | "stdout" | "stderr">,
  context: CliContext,
): Command {
  const program = createProgram(environment);
  registerComposeCommands(program, context);
  registerEngineObjects(program, context);
  return program;
}

/** A command with the words that lead to it, after the program's name. */
export interface NamedCommand {
  readonly path: readonly string[];
  readonly command: Command;
}

/** Depth first, in the order of the help; commands that the help hides are left out, aliases too. */
export function commandsOf(program: Command, path: readonly string[] = []): NamedCommand[] {
  const shown = program.createHelp().visibleCommands(program);
  return shown
    .filter((command) => command.name() !== "help")
    .flatMap((command): NamedCommand[] => {
      const own = [...path, command.name()];
      return [{ path: own, command }, ...commandsOf(command, own)];
    });
}
