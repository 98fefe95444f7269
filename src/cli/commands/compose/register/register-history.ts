/** Registers `history`, `rollback`, `undo` and `gc`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples, withExitCodes } from "../../../help.js";
import { formatOption } from "../../../options.js";
import { waitLock } from "./register-up.js";

/** Adds them to `program`. */
export function registerHistory(program: Command, context: CliContext): void {
  const history = program
    .command("history [generation]")
    .description("what was changed, when and by whom; with a number, all that is known of one change")
    .option("-q, --quiet", "numbers alone")
    .option("--model", "with a number: what the project was to become, without what may be secret")
    .addOption(formatOption())
    .action(async (word: string | undefined, flags) =>
      (await import("../history/history.js")).history(context, flags, word),
    );
  withExamples(history, "gantry history", "gantry history 5 --model", "gantry history --format json");
  const rollback = program
    .command("rollback [services...]")
    .description("go back to an earlier generation, with the images of then")
    .option("--to <generation>", "which one (default: the last that succeeded and was something else)")
    .option("-y, --yes", "do not ask before containers are replaced")
    .option("--wait", "return once everything runs and is healthy")
    .option("--wait-timeout <seconds>", "limit of each wait")
    .option("-t, --timeout <seconds>", "grace for containers that are replaced")
    .option(...waitLock)
    .action(async (services: string[], flags) =>
      (await import("../history/rollback.js")).rollback(context, flags, services),
    );
  withExitCodes(rollback, {
    "1": "something failed; a card tells what",
    "3": "an update failed, and what ran before runs on",
    "130": "ended by Ctrl-C",
  });
  withExamples(rollback, "gantry rollback", "gantry rollback --to 5 web", "gantry rollback --dry-run");
  const undo = program
    .command("undo [generation]")
    .description("bring back what down or rm took away, volumes with their data")
    .option("--wait", "return once everything runs and is healthy")
    .option("--wait-timeout <seconds>", "limit of each wait")
    .option(...waitLock)
    .addOption(new Option("-y, --yes").hideHelp()) // it asks nothing, and hands used to it need not be told
    .action(async (word: string | undefined, flags) => (await import("../history/undo.js")).undo(context, flags, word));
  withExamples(undo, "gantry undo", "gantry undo 7 --wait");
  const gc = program
    .command("gc")
    .description("let go of expired trash, old generations, and images and layers that nothing needs")
    .option("--all", "all of the trash, and all but the newest generation of each project")
    .option("--keep <n>", "generations to keep of each project (default: 10)")
    .option("-f, --force", "do not ask")
    .addOption(new Option("-y, --yes").hideHelp())
    .addOption(formatOption())
    .action(async (flags) => (await import("../history/gc.js")).gc(context, flags));
  withExamples(gc, "gantry gc --dry-run", "gantry gc --all --force");
}
