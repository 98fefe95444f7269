/** Commands of docker compose that Gantry has not: each says so by its name, and what to do in its place. */
import type { Command } from "commander";
import { GantryError } from "../../../../base/errors.js";

const refused = [
  {
    name: "bridge",
    why: "gantry bridge is not supported: it turns projects into those of other platforms by images of Docker's",
    hint: "gantry config prints the project in the form that such tools read",
  },
] as const;

/** Adds them to `program`; they are not in its help. */
export function registerRefused(program: Command): void {
  for (const { name, why, hint } of refused) {
    program
      .command(`${name} [words...]`, { hidden: true })
      .description(why)
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw new GantryError("not-supported", why, { hint });
      });
  }
}
