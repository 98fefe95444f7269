/**
 * Registers one command of many: a short command's time goes into its own work, not into seventy others' flags.
 *
 * Pure, but for what the registration does to the program.
 */
import type { Command } from "commander";

/**
 * Runs `register` so that of the program's commands only `name` comes to be. False when there is none of that name, an
 * alias among them: the caller then registers all.
 */
export function registerOnly(program: Command, name: string, register: (program: Command) => void): boolean {
  const isNamed = (spec: string) => spec.split(" ", 1)[0] === name;
  const choosy = new Proxy(program, {
    get: (target, key) => {
      if (key !== "command") return Reflect.get(target, key, target);
      return (spec: string, options?: object) => (isNamed(spec) ? target.command(spec, options) : nothing);
    },
  });
  register(choosy);
  return program.commands.length > 0;
}

/** Takes every call that describes a command, and stays what it is. */
const nothing: Command = new Proxy({} as Command, { get: () => () => nothing });
