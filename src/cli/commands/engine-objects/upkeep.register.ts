/** Registers `system …`, and the commands of `container`, `image`, `network` and `volume` on archives and leftovers. */
import type { Command } from "commander";
import type { CliContext } from "../../context.js";
import { collect } from "../../options.js";
import { formatOption } from "./engine.register.js";

/** Adds them to the groups that `program` has already. */
export function registerUpkeepCommands(program: Command, context: CliContext): void {
  const group = (name: string) => program.commands.find((command) => command.name() === name) ?? program.command(name);
  registerContainerArchives(group("container"), context);
  registerContainerUse(group("container"), context);
  registerImageTransfers(group("image"), context);
  registerPrunes(group, context);
  registerSystem(program.command("system").description("what the engine is and uses"), context);
}

function registerContainerArchives(container: Command, context: CliContext): void {
  const upkeep = () => import("./container/upkeep.js");
  container
    .command("cp <source> <target>")
    .description("copy between a container (NAME:PATH) and the host; `-` is a tar on the standard streams")
    .option("-a, --archive", "keep owners")
    .option("-q, --quiet", "for compatibility; nothing is said anyway")
    .action(async (source: string, target: string, options) =>
      (await import("./container/copy.js")).containerCp(context, options, [source, target]),
    );
  container
    .command("diff <container>")
    .description("list what a container changed in its image's files")
    .action(async (name: string) => (await upkeep()).containerDiff(context, [name]));
  container
    .command("export <container>")
    .description("write a container's root file system as a tar")
    .option("-o, --output <file>", "write to a file, not to standard output")
    .action(async (name: string, options) => (await upkeep()).containerExport(context, options, [name]));
  container
    .command("commit <container> [name]")
    .description("make an image of a container's changes")
    .option("-a, --author <author>", "author of the image")
    .option("-m, --message <text>", "a comment")
    .option("-c, --change <instruction>", 'a Dockerfile instruction, as CMD ["/bin/sh"]', collect)
    .option("--no-pause", "let the container run on meanwhile")
    .action(async (name: string, reference: string | undefined, options) =>
      (await upkeep()).containerCommit(context, options, reference === undefined ? [name] : [name, reference]),
    );
}

function registerContainerUse(container: Command, context: CliContext): void {
  const upkeep = () => import("./container/upkeep.js");
  container
    .command("stats [container...]")
    .description("show what containers use, every second")
    .option("-a, --all", "stopped ones too")
    .option("--no-stream", "once")
    .addOption(formatOption())
    .action(async (names: string[], options) => (await upkeep()).containerStats(context, options, names));
  container
    .command("update <container...>")
    .description("change the limits and the restart policy of containers while they run")
    .option("-m, --memory <size>", "memory")
    .option("--memory-swap <size>", "memory and swap together; -1 is without limit")
    .option("--memory-reservation <size>", "memory that is kept when the host runs short")
    .option("--cpus <number>", "CPUs")
    .option("-c, --cpu-shares <number>", "weight against others")
    .option("--cpu-period <µs>", "length of a CFS period")
    .option("--cpu-quota <µs>", "time in each CFS period")
    .option("--cpuset-cpus <list>", "CPUs that it may run on")
    .option("--cpuset-mems <list>", "memory nodes that it may use")
    .option("--pids-limit <number>", "processes; -1 is without limit")
    .option("--restart <policy>", "no, always, unless-stopped, on-failure[:retries]")
    .action(async (names: string[], options) => (await upkeep()).containerUpdate(context, options, names));
  container
    .command("port <container> [port]")
    .description("list published ports")
    .action(async (name: string, port: string | undefined) =>
      (await upkeep()).containerPort(context, port === undefined ? [name] : [name, port]),
    );
  container
    .command("attach <container>")
    .description("attach to a running container; the exit code is its own")
    .option("--no-stdin", "do not pass stdin on")
    .option("--no-sig-proxy", "do not pass signals on to it")
    .option("--detach-keys <keys>", "keys that detach from it (default: ctrl-p,ctrl-q)")
    .action(async (name: string, options) => (await upkeep()).containerAttach(context, options, [name]));
}

function registerImageTransfers(image: Command, context: CliContext): void {
  const transfer = () => import("./image-transfer.js");
  image
    .command("history <image>")
    .description("list the steps in which an image was made")
    .option("-q, --quiet", "ids alone")
    .option("--no-trunc", "do not shorten ids and commands")
    .addOption(formatOption())
    .action(async (name: string, options) => (await transfer()).imageHistory(context, options, [name]));
  image
    .command("save <image...>")
    .description("write images as one archive")
    .option("-o, --output <file>", "write to a file, not to standard output")
    .action(async (names: string[], options) => (await transfer()).imageSave(context, options, names));
  image
    .command("load")
    .description("take images out of an archive, of docker's or of the OCI's layout")
    .option("-i, --input <file>", "read from a file, not from standard input")
    .option("-q, --quiet", "names alone")
    .action(async (options) => (await transfer()).imageLoad(context, options));
  image
    .command("push <image>")
    .description("send an image to its registry")
    .option("-q, --quiet", "no progress")
    .action(async (name: string, options) => (await transfer()).imagePush(context, options, [name]));
}

function registerPrunes(group: (name: string) => Command, context: CliContext): void {
  const kinds = [
    { name: "container", kind: "containers", all: undefined },
    { name: "image", kind: "images", all: "all without a container, not only those without a name" },
    { name: "network", kind: "networks", all: undefined },
    { name: "volume", kind: "volumes", all: "named ones too" },
  ] as const;
  for (const { name, kind, all } of kinds) {
    const command = group(name).command("prune").description(`remove ${kind} that nobody uses`);
    if (all !== undefined) command.option("-a, --all", all);
    addPruneOptions(command).action(async (options) => (await import("./system.js")).pruneKind(context, options, kind));
  }
}

function registerSystem(system: Command, context: CliContext): void {
  const commands = () => import("./system.js");
  system
    .command("df")
    .description("show the disk space that images, containers and volumes use")
    .addOption(formatOption())
    .action(async (options) => (await commands()).systemDf(context, options));
  system
    .command("info")
    .description("print what the engine tells of itself and its host")
    .addOption(formatOption())
    .action(async (options) => (await commands()).systemInfo(context, options));
  system
    .command("events")
    .description("print events as they happen")
    .option("--since <moment>", "past ones from then on: 10m, or RFC 3339")
    .option("--until <moment>", "until then")
    .option("-f, --filter <filter>", "as type=container or event=die", collect)
    .addOption(formatOption())
    .action(async (options) => (await commands()).systemEvents(context, options));
  addPruneOptions(system.command("prune"))
    .description("remove stopped containers, unused networks and images without a name")
    .option("-a, --all", "all images without a container")
    .option("--volumes", "anonymous volumes too")
    .action(async (options) => (await commands()).systemPrune(context, options));
}

function addPruneOptions(command: Command): Command {
  return command.option("-f, --force", "do not ask").option("--filter <filter>", "as until=24h or label=a=b", collect);
}
