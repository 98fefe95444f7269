/** Registers `version`, `doctor` and `engine …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../context.js";

/** `json` prints one JSON document, `table` columns for people. */
export function formatOption(): Option {
  return new Option("--format <format>", "output format").choices(["table", "json"]).default("table");
}

/** Adds them to `program`. */
export function registerEngineCommands(program: Command, context: CliContext): void {
  program
    .command("version")
    .description("print the version of the tool and of the engine it reaches")
    .addOption(formatOption().choices(["pretty", "json"]).default("pretty"))
    .option("--short", "print the number alone")
    .action(async (options: { format: string; short?: boolean }) => {
      context.stdout.write(printVersion(context.version, options));
    });
  program
    .command("doctor")
    .description("check what the embedded engine needs of this host, and how to get what is missing")
    .addOption(formatOption())
    .action(async (options: { format: "table" | "json" }) => (await import("./doctor.js")).doctor(context, options));
  const engine = program.command("engine").description("start, stop and look at the embedded engine");
  engine
    .command("start")
    .description("start the engine unless it runs")
    .action(async () => (await import("./engine.js")).engineStart(context));
  engine
    .command("stop")
    .description("stop the engine; containers run on")
    .action(async () => (await import("./engine.js")).engineStop(context));
  engine
    .command("status")
    .description("show whether the engine runs; exit code 3 when it does not")
    .addOption(formatOption())
    .action(async (options: { format: "table" | "json" }) =>
      (await import("./engine.js")).engineStatus(context, options),
    );
  engine
    .command("run", { hidden: true })
    .description("run the engine in this process")
    .option("--ready-fd <fd>", "descriptor to write `ready` or the reason of a failure to", Number)
    .option("--idle-ms <ms>", "end after this long without containers and requests", Number)
    .action(async (options: { readyFd?: number; idleMs?: number }) =>
      context.finish(await context.engine.run(options)),
    );
}

function printVersion(version: string, { format, short }: { format: string; short?: boolean }): string {
  if (format === "json") return `${JSON.stringify({ version })}\n`;
  return short ? `${version}\n` : `Gantry version ${version}\n`;
}
