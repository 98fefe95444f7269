/** Registers `system …`. */
import type { Command } from "commander";
import type { CliContext } from "../../context.js";
import { withExamples } from "../../help.js";
import { collect, formatOption } from "../../options.js";

/** Adds it to `program`. */
export function registerSystemCommands(program: Command, context: CliContext): void {
  const system = program.command("system").description("what the engine is and uses");
  const commands = () => import("./system.js");
  const df = system
    .command("df")
    .description("show the disk space that images, containers, volumes and the build cache use")
    .option("-v, --verbose", "of each object")
    .option("--projects", "of each project: its containers, volumes and images")
    .addOption(formatOption())
    .action(async (options) => (await commands()).systemDf(context, options));
  withExamples(df, "gantry system df", "gantry system df -v", "gantry system df --projects");
  const info = system
    .command("info")
    .description("print what the engine tells of itself and its host")
    .option("-f, --format <format>", "json, or a Go template, as '{{.Driver}}'")
    .action(async (options) => (await commands()).systemInfo(context, options));
  withExamples(info, "gantry system info --format '{{.Driver}} {{.NCPU}}'");
  const events = system
    .command("events")
    .description("print events as they happen")
    .option("--since <moment>", "past ones from then on: 10m, or RFC 3339")
    .option("--until <moment>", "until then")
    .option("-f, --filter <filter>", "as type=container or event=die", collect)
    .addOption(formatOption("json, or a Go template, as '{{.Action}}'"))
    .action(async (options) => (await commands()).systemEvents(context, options));
  withExamples(
    events,
    "gantry system events --filter type=container --since 1h",
    "gantry system events --format '{{.Time}} {{.Action}} {{.Actor.Attributes.name}}'",
  );
  const prune = addPruneOptions(system.command("prune"))
    .description("remove stopped containers, unused networks and images without a name")
    .option("-a, --all", "all images without a container")
    .option("--volumes", "anonymous volumes too")
    .action(async (options) => (await commands()).systemPrune(context, options));
  withExamples(prune, "gantry system prune", "gantry system prune --all --volumes --force");
}

/** Adds `prune` to the commands of one kind, the group `name`. `all` describes its flag `--all`, where it has one. */
export function registerPrune(
  group: Command,
  context: CliContext,
  { name, kind, all }: { name: string; kind: "containers" | "images" | "networks" | "volumes"; all?: string },
): void {
  const command = group.command("prune").description(`remove ${kind} that nobody uses`);
  if (all !== undefined) command.option("-a, --all", all);
  addPruneOptions(command).action(async (options) => (await import("./system.js")).pruneKind(context, options, kind));
  withExamples(command, `gantry ${name} prune --force --filter until=24h`);
}

function addPruneOptions(command: Command): Command {
  return command.option("-f, --force", "do not ask").option("--filter <filter>", "as until=24h or label=a=b", collect);
}
