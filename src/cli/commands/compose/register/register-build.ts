/** Registers `build`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples, withExitCodes } from "../../../help.js";
import { collect } from "../../../options.js";

/** Adds it to `program`. */
export function registerBuild(program: Command, context: CliContext): void {
  const build = program
    .command("build [services...]")
    .description("build the images of services that have a build section")
    .option("--build-arg <key=value>", "a build argument for every service, repeatable", collect)
    .option("--no-cache", "do every step anew")
    .option("--pull", "look for newer base images")
    .option("--push", "send the images to their registries afterwards")
    .option("-q, --quiet", "no progress")
    .option("--ssh [agent]", "let steps use an agent: default, or ID=SOCKET")
    .option("--with-dependencies", "also what the services depend on")
    .option("--check", "check the Dockerfiles, build nothing")
    .option("--print", "print what would be built, as JSON")
    .option("-m, --memory <bytes>", "limit of each step's memory")
    .option("--provenance <mode>", "not supported: images are built without attestations")
    .option("--sbom <mode>", "not supported: images are built without attestations")
    .addOption(new Option("--builder <name>").hideHelp())
    .addOption(new Option("--parallel").hideHelp())
    .addOption(new Option("--no-parallel").hideHelp())
    .addOption(new Option("--compress").hideHelp())
    .addOption(new Option("--force-rm").hideHelp())
    .addOption(new Option("--no-rm").hideHelp())
    .action(async (services: string[], flags) => (await import("../build/build.js")).build(context, flags, services));
  withExitCodes(build, { "1": "an image could not be built; a card tells the line of its Dockerfile" });
  withExamples(build, "gantry build", "gantry build --no-cache --build-arg VERSION=2 web");
}
