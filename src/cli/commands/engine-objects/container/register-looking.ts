/** Registers the commands of `container` that look and change nothing. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { collect, formatOption } from "../../../options.js";

/** Adds `ls`, `inspect`, `logs`, `top`, `stats`, `port`, `diff` and `wait` to `container`. */
export function registerLooking(container: Command, context: CliContext): void {
  registerListing(container, context);
  registerOutput(container, context);
  registerUse(container, context);
}

function registerListing(container: Command, context: CliContext): void {
  const ls = container
    .command("ls")
    .aliases(["list", "ps"])
    .description("list containers")
    .option("-a, --all", "stopped ones too")
    .option("-n, --last <number>", "the last n created, in any state", Number)
    .option("-l, --latest", "the last one created, in any state")
    .option("-q, --quiet", "ids alone")
    .option("-s, --size", "with the size of what they wrote")
    .option("--no-trunc", "do not shorten ids and commands")
    .option("-f, --filter <filter>", "as status=exited or label=a=b, repeatable", collect)
    .addOption(formatOption("table, json, or a Go template, as '{{.Names}}'"))
    .action(async (options) => (await import("./ls.js")).containerLs(context, options));
  withExamples(
    ls,
    "gantry container ls -a --filter status=exited",
    "gantry container ls --format 'table {{.Names}}\\t{{.Status}}'",
  );
  const inspect = container
    .command("inspect <container...>")
    .description("print all that is known about containers, as JSON")
    .option("-f, --format <format>", "json in one line, or a Go template, as '{{.State.Status}}'")
    .option("-s, --size", "with the size of what they wrote")
    .action(async (names: string[], options) =>
      (await import("./lifecycle.js")).containerInspect(context, options, names),
    );
  withExamples(
    inspect,
    "gantry container inspect web",
    "gantry container inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web",
  );
}

function registerOutput(container: Command, context: CliContext): void {
  const logs = container
    .command("logs <container>")
    .description("print a container's output")
    .option("-f, --follow", "go on as it is written")
    .option("--since <moment>", "from then on: 10m, or RFC 3339")
    .option("--until <moment>", "until then")
    .option("-n, --tail <lines>", "the last n lines", "all")
    .option("-t, --timestamps", "with the time of each line")
    .option("--details", "with the attributes that the log driver was given")
    .action(async (name: string, options) => (await import("./lifecycle.js")).containerLogs(context, options, [name]));
  withExamples(logs, "gantry container logs -f --tail 100 web", "gantry container logs --since 10m web");
  const top = container
    .command("top <container> [psOptions...]")
    .description("list the processes in a container")
    .passThroughOptions()
    .action(async (name: string, psOptions: string[]) =>
      (await import("./lifecycle.js")).containerTop(context, [name, ...psOptions]),
    );
  withExamples(top, "gantry container top web", "gantry container top web -o pid,rss,args");
  const wait = container
    .command("wait <container...>")
    .description("wait until containers end and print their exit codes")
    .action(async (names: string[]) => (await import("./lifecycle.js")).containerWait(context, names));
  withExamples(wait, "gantry container wait job-1 job-2");
}

function registerUse(container: Command, context: CliContext): void {
  const stats = container
    .command("stats [container...]")
    .description("show what containers use, every second")
    .option("-a, --all", "stopped ones too")
    .option("--no-stream", "once")
    .option("--no-trunc", "do not shorten ids")
    .addOption(formatOption())
    .action(async (names: string[], options) => (await import("./stats.js")).containerStats(context, options, names));
  withExamples(
    stats,
    "gantry container stats --no-stream",
    "gantry container stats --format '{{.Name}} {{.MemUsage}}'",
  );
  const port = container
    .command("port <container> [port]")
    .description("list published ports")
    .action(async (name: string, port: string | undefined) =>
      (await import("./upkeep.js")).containerPort(context, port === undefined ? [name] : [name, port]),
    );
  withExamples(port, "gantry container port web 80/tcp");
  const diff = container
    .command("diff <container>")
    .description("list what a container changed in its image's files")
    .action(async (name: string) => (await import("./upkeep.js")).containerDiff(context, [name]));
  withExamples(diff, "gantry container diff web");
}
