/** Flags of docker's that Gantry has not: each is taken and answered with its name and the reason. */
import { type Command, Option } from "commander";
import { GantryError } from "../base/errors.js";

/** Adds hidden flags, as `--tree` or `--checkpoint <name>`; who uses one gets "not-supported" with `why`. */
export function refuseFlags(command: Command, why: string, ...flags: readonly string[]): Command {
  for (const spec of flags) {
    const option = new Option(spec).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => {
      throw new GantryError("not-supported", `${option.long} ${why}`);
    });
  }
  return command;
}
