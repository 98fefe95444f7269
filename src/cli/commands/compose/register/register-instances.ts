/** Registers `instances` and `url`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { formatOption } from "../../../options.js";

/** Adds them to `program`. */
export function registerInstances(program: Command, context: CliContext): void {
  const load = () => import("../instances/instances.js");
  const instances = program.command("instances").description("the copies of projects on the engine");
  const ls = instances
    .command("ls", { isDefault: true })
    .alias("list")
    .description("list them")
    .option("-q, --quiet", "names of projects only")
    .option("--stale", "only those whose folder, worktree or branch is gone")
    .addOption(formatOption())
    .action(async (flags) => (await load()).ls(context, flags));
  withExamples(ls, "gantry instances", "gantry instances ls --format '{{.Name}} {{.Address}}'");
  const rm = instances
    .command("rm <names...>")
    .description("remove the containers and networks of copies")
    .option("-v, --volumes", "named volumes and their data too")
    .action(async (names: string[], flags) => (await load()).rm(context, flags, names));
  withExamples(rm, "gantry instances rm login", "gantry instances rm --volumes shop-login");
  const prune = instances
    .command("prune")
    .description("remove what is left of copies whose folder, worktree or branch is gone")
    .option("-f, --force", "do not ask")
    .option("-v, --volumes", "named volumes and their data too")
    .action(async (flags) => (await load()).prune(context, flags));
  withExamples(prune, "gantry instances prune", "gantry instances prune --force --volumes");
  withExamples(instances, "gantry instances", "gantry instances prune");
  const url = program
    .command("url [service] [port]")
    .description("print where a service's published port is reached")
    .option("--open", "open it in a browser")
    .option("--format <format>", "text (default) or json")
    .action(async (service: string | undefined, port: string | undefined, flags) =>
      (await import("../instances/url.js")).url(context, flags, [service, port]),
    );
  withExamples(url, "gantry url web", "gantry url --open web 8080", "gantry --instance login url db 5432");
}
