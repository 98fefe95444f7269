/** Registers `dev`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples, withExitCodes } from "../../../help.js";
import { waitLock } from "./register-up.js";

/** Adds it to `program`. */
export function registerDev(program: Command, context: CliContext): void {
  const dev = program
    .command("dev [services...]")
    .description("from a fresh clone to a working environment: .env, images, services, jobs; then output and watch")
    .option("--check", "only look whether it would work; change nothing")
    .option("-d, --detach", "return once everything is ready")
    .addOption(new Option("--no-attach").hideHelp())
    .option("--no-watch", "do not follow the files under develop.watch")
    .option("--build", "build images even if they are there")
    .option("--wait-timeout <seconds>", "limit of each wait")
    .option("-y, --yes", "answer yes to every question")
    .option(...waitLock)
    .action(async (services: string[], { attach, ...flags }) =>
      (await import("../dev/dev.js")).dev(context, attach ? flags : { ...flags, detach: true }, services),
    );
  withExitCodes(dev, { 0: "everything is ready", 1: "something is missing, or failed", 130: "ended by Ctrl-C" });
  withExamples(dev, "gantry dev", "gantry dev --check", "gantry --instance auto dev --detach");
}
