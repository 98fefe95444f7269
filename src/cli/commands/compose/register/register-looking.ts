/** Registers `ui`, `logs`, `port`, `top`, `stats` and `events`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { formatOption } from "../../../options.js";

/** Adds them to `program`. */
export function registerLooking(program: Command, context: CliContext): void {
  const ui = program
    .command("ui")
    .description("show the project on the whole screen: services, logs, details, graph, plan, projects")
    .action(async () => (await import("../ui/ui.js")).ui(context));
  withExamples(ui, "gantry ui", "gantry -p shop ui");
  const logs = program
    .command("logs [services...]")
    .description("show the containers' output, ordered by time")
    .option("-f, --follow", "go on as it comes")
    .option("-n, --tail <lines>", "the last lines of each container", "all")
    .option("--since <time>", "10m, or 2026-01-31T12:00:00Z")
    .option("--until <time>", "10m, or 2026-01-31T12:00:00Z")
    .option("-t, --timestamps", "the time before each line")
    .option("--index <n>", "one replica")
    .option("--no-color", "no colours")
    .option("--no-log-prefix", "no container names")
    .action(async (services: string[], flags) => (await import("../looking/logs.js")).logs(context, flags, services));
  withExamples(logs, "gantry logs -f --tail 100", "gantry logs --since 10m --no-log-prefix web");
  const port = program
    .command("port <service> <port>")
    .description("print the public address of a port")
    .option("--protocol <protocol>", "tcp (the default) or udp; also as PORT/udp")
    .option("--index <n>", "replica")
    .action(async (service: string, privatePort: string, flags) =>
      (await import("../exec.js")).port(context, flags, [service, privatePort]),
    );
  withExamples(port, "gantry port web 80");
  const top = program
    .command("top [services...]")
    .description("show the running processes")
    .action(async (services: string[]) => (await import("../exec.js")).top(context, services));
  withExamples(top, "gantry top web");
  const stats = program
    .command("stats [services...]")
    .description("show what the containers use, every second")
    .option("-a, --all", "stopped ones too")
    .option("--no-stream", "once")
    .option("--no-trunc", "do not shorten ids")
    .addOption(formatOption())
    .action(async (services: string[], flags) => (await import("../archives.js")).stats(context, flags, services));
  withExamples(stats, "gantry stats --no-stream", "gantry stats --format '{{.Name}} {{.CPUPerc}}' web");
  const events = program
    .command("events [services...]")
    .description("show what happens to the project's containers")
    .option("--json", "one JSON object per line")
    .option("--since <time>", "replay from then on")
    .option("--until <time>", "end then")
    .action(async (services: string[], flags) =>
      (await import("../looking/events.js")).events(context, flags, services),
    );
  withExamples(events, "gantry events --json --since 1h");
}
