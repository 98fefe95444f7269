/** Registers `config` and `init`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";

/** Adds `config` and `init` to `program`. */
export function registerConfig(program: Command, context: CliContext): void {
  registerInit(program, context);
  const config = program
    .command("config [services...]")
    .description("check the files and print the project as it is understood")
    .option("--format <format>", "yaml (default) or json; with -q text (default), json, sarif or github")
    .option("-q, --quiet", "check only; the exit code is the verdict")
    .option("-o, --output <file>", "write to a file")
    .option("--services", "service names")
    .option("--volumes", "volume keys")
    .option("--networks", "network keys")
    .option("--images", "image names")
    .option("--profiles", "profile names")
    .option("--environment", "the variables that files can use")
    .option("--models", "model names")
    .option("--hash <services>", "digests of services: names, or *")
    .option("--variables", "the variables that the files name, with their defaults")
    .option("--explain <path>", "where a value comes from, such as services.web.environment.URL")
    .option("--resolve-image-digests", "pin images to their registries' digests")
    .option("--lock-image-digests", "print an override file of pinned images alone")
    .option("--no-interpolate", "leave variables as written")
    .option("--no-normalize", "add nothing that the files do not say")
    .option("--no-path-resolution", "leave relative paths as written")
    .option("--no-env-resolution", "leave env_file as an attribute")
    .option("--no-consistency", "skip what needs more than one value to check")
    .action(async (services: string[], flags) =>
      (await import("../config/config.js")).config(context, flags, services),
    );
  withExamples(
    config,
    "gantry config",
    "gantry config -q --format sarif > compose.sarif",
    "gantry config --explain services.web.environment.URL",
  );
}

function registerInit(program: Command, context: CliContext): void {
  const init = program
    .command("init")
    .description("write a commented compose.yaml for the project of this folder")
    .option("-o, --output <file>", "another file; - prints it")
    .option("--dry-run", "print it, write nothing")
    .option("--force", "replace what is there")
    .action(async (flags) => (await import("../init.js")).init(context, flags));
  withExamples(init, "gantry init", "gantry init -o -");
}
