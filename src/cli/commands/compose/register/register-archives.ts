/** Registers `cp`, `export` and `commit`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { collect } from "../../../options.js";

/** Adds them to `program`. */
export function registerArchives(program: Command, context: CliContext): void {
  const load = () => import("../archives.js");
  const cp = program
    .command("cp <source> <target>")
    .description(
      "copy between a service's containers (SERVICE:PATH) and the host; `-` is a tar on the standard streams",
    )
    .option("--all", "one-off containers too")
    .option("--index <n>", "replica")
    .option("-a, --archive", "keep owners")
    .option("-L, --follow-link", "copy what a link on the source's side leads to")
    .action(async (source: string, target: string, flags) => (await load()).cp(context, flags, [source, target]));
  withExamples(cp, "gantry cp web:/etc/nginx ./nginx", "gantry cp ./site/. web:/usr/share/nginx/html");
  const exported = program
    .command("export <service>")
    .description("write a container's root file system as a tar")
    .option("-o, --output <file>", "write to a file, not to standard output")
    .option("--index <n>", "replica")
    .action(async (service: string, flags) => (await load()).exportService(context, flags, service));
  withExamples(exported, "gantry export -o web.tar web");
  const commit = program
    .command("commit <service> [name]")
    .description("make an image of a container's changes")
    .option("-a, --author <author>", "author of the image")
    .option("-m, --message <text>", "a comment")
    .option("-c, --change <instruction>", 'a Dockerfile instruction, as CMD ["/bin/sh"]', collect)
    .option("-p, --pause", "freeze it meanwhile (the default)")
    .option("--no-pause", "let the container run on meanwhile")
    .option("--index <n>", "replica")
    .action(async (service: string, name: string | undefined, flags) =>
      (await load()).commit(context, flags, name === undefined ? [service] : [service, name]),
    );
  withExamples(commit, "gantry commit -m 'with tools' web shop/web:tools");
}
