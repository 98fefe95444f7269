/** Registers `pull` and `push`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";

/** Adds them to `program`. */
export function registerImages(program: Command, context: CliContext): void {
  const pull = program
    .command("pull [services...]")
    .description("pull the services' images")
    .option("--policy <policy>", "always or missing, in place of the services' pull_policy")
    .option("--include-deps", "also what the services depend on")
    .option("--ignore-buildable", "leave out images that can be built")
    .option("--ignore-pull-failures", "go on, and end well, when an image cannot be had")
    .option("-q, --quiet", "no progress")
    .addOption(new Option("--parallel").hideHelp())
    .addOption(new Option("--no-parallel").hideHelp())
    .action(async (services: string[], flags) => (await import("../images.js")).pull(context, flags, services));
  withExamples(pull, "gantry pull", "gantry pull --policy missing --include-deps web");
  const push = program
    .command("push [services...]")
    .description("send the images that services build to their registries")
    .option("--include-deps", "also what the services depend on")
    .option("--ignore-push-failures", "go on, and end well, when an image cannot be sent")
    .option("-q, --quiet", "no progress")
    .action(async (services: string[], flags) => (await import("../images.js")).push(context, flags, services));
  withExamples(push, "gantry push web");
}
