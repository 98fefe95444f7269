/** Commands that Gantry has not, though a user of docker types them: each says what to do in its place. */
import type { Command } from "commander";
import { GantryError } from "../../../../base/errors.js";

const refused = [
  {
    name: "compose",
    code: "bad-usage",
    why: "unknown command 'compose'",
    hint: "What docker compose has are commands of gantry itself: gantry up",
  },
  {
    name: "bridge",
    code: "not-supported",
    why: "gantry bridge is not supported: it turns projects into those of other platforms by images of Docker's",
    hint: "gantry config prints the project in the form that such tools read",
  },
] as const;

/** Adds them to `program`; they are not in its help. */
export function registerRefused(program: Command): void {
  for (const { name, code, why, hint } of refused) {
    program
      .command(`${name} [words...]`, { hidden: true })
      .description(why)
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw new GantryError(code, why, { hint });
      });
  }
}
