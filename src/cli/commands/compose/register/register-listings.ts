/** Registers `ps`, `ls`, `images` and `volumes`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { collect, formatOption } from "../../../options.js";

/** Adds them to `program`. */
export function registerListings(program: Command, context: CliContext): void {
  const ps = program
    .command("ps [services...]")
    .description("list the project's containers")
    .option("-a, --all", "stopped ones too")
    .option("-q, --quiet", "ids only")
    .option("--services", "service names only")
    .option("--status <status>", "only in this state, repeatable", collect)
    .option("--filter <status=…>", "only in this state, repeatable", collect)
    .option("--orphans", "services that the files no longer have, too (the default)")
    .option("--no-orphans", "leave out services that the files no longer have")
    .option("--no-trunc", "commands in full")
    .addOption(formatOption("table, json, or a Go template, as '{{.Name}}'"))
    .action(async (services: string[], flags) => (await import("../looking/ps.js")).ps(context, flags, services));
  withExamples(ps, "gantry ps -a", "gantry ps --format 'table {{.Service}}\\t{{.Status}}' --status running");
  const ls = program
    .command("ls")
    .description("list the projects on the engine")
    .option("-a, --all", "stopped ones too")
    .option("-q, --quiet", "names only")
    .option("--filter <name=…>", "only these: a name, or a regular expression; repeatable", collect)
    .addOption(formatOption())
    .action(async (flags) => (await import("../looking/listings.js")).ls(context, flags));
  withExamples(ls, "gantry ls -a --format json");
  const images = program
    .command("images [services...]")
    .description("list the images of the project's containers")
    .option("-q, --quiet", "ids only")
    .addOption(formatOption())
    .action(async (services: string[], flags) =>
      (await import("../looking/listings.js")).images(context, flags, services),
    );
  withExamples(images, "gantry images -q");
  const volumes = program
    .command("volumes [services...]")
    .description("list the project's volumes")
    .option("-q, --quiet", "names only")
    .addOption(formatOption())
    .action(async (services: string[], flags) =>
      (await import("../looking/listings.js")).volumes(context, flags, services),
    );
  withExamples(volumes, "gantry volumes --format '{{.Name}} {{.Mountpoint}}'");
}
