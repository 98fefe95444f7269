/** Registers `version`, `doctor`, `engine …` and `system dial-stdio`. */
import { type Command, Option } from "commander";
import type { CliContext, EngineFlags } from "../../context.js";
import { withExamples } from "../../help.js";

/** `json` prints one JSON document, `table` columns for people. */
export function formatOption(): Option {
  return new Option("--format <format>", "output format").choices(["table", "json"]).default("table");
}

/** Adds them to `program`. */
export function registerEngineCommands(program: Command, context: CliContext): void {
  registerVersion(program, context);
  const doctor = program
    .command("doctor")
    .description("check what the embedded engine needs of this host, and how to get what is missing")
    .addOption(formatOption())
    .action(async (options: { format: "table" | "json" }) => (await import("./doctor.js")).doctor(context, options));
  withExamples(doctor, "gantry doctor", "gantry doctor --format json");
  const engine = program.command("engine").description("start, stop and look at the embedded engine");
  const start = addListenFlags(engine.command("start"))
    .description("start the engine unless it runs")
    .action(async (flags: EngineFlags) => (await import("./engine.js")).engineStart(context, flags));
  withExamples(start, "gantry engine start");
  const stop = engine
    .command("stop")
    .description("stop the engine; containers run on")
    .action(async () => (await import("./engine.js")).engineStop(context));
  withExamples(stop, "gantry engine stop");
  const status = engine
    .command("status")
    .description("show whether the engine runs; exit code 3 when it does not")
    .addOption(formatOption())
    .action(async (options: { format: "table" | "json" }) =>
      (await import("./engine.js")).engineStatus(context, options),
    );
  withExamples(status, "gantry engine status --format json");
  const run = addListenFlags(engine.command("run"))
    .description("run the engine in this process, as a service manager does")
    .addOption(new Option("--ready-fd <fd>", "descriptor to say `ready` on").argParser(Number).hideHelp())
    .option("--idle-ms <ms>", "end after this long without containers and requests; 0 for never", Number)
    .action(async (options: EngineFlags & { readyFd?: number; idleMs?: number }) =>
      context.finish(await context.engine.run(options)),
    );
  withExamples(run, "gantry engine run --idle-ms 0");
  registerService(engine, context);
}

function registerVersion(program: Command, context: CliContext): void {
  const version = program
    .command("version")
    .description("print the version of the tool; by a template also that of the engine it reaches")
    .option("-f, --format <format>", "pretty (default), json, or a Go template, as '{{.Server.Version}}'")
    .option("--short", "print the number alone")
    .action(async (options) => (await import("./version.js")).version(context, options));
  withExamples(version, "gantry version --short", "gantry version --format '{{.Server.ApiVersion}}'");
}

function registerService(engine: Command, context: CliContext): void {
  const install = addListenFlags(engine.command("install"))
    .description("make the engine a service of systemd: started at boot, and again after a crash")
    .option("--dry-run", "print what would be done, and do nothing")
    .action(async (options: EngineFlags & { dryRun?: boolean }) =>
      (await import("./service/install.js")).engineInstall(context, options),
    );
  withExamples(install, "gantry engine install --dry-run", "gantry engine install --socket-group docker");
  const uninstall = engine
    .command("uninstall")
    .description("undo `install`; containers run on, and commands start the engine when they need it")
    .option("--dry-run", "print what would be done, and do nothing")
    .action(async (options: { dryRun?: boolean }) =>
      (await import("./service/install.js")).engineUninstall(context, options),
    );
  withExamples(uninstall, "gantry engine uninstall");
}

/** Adds `system dial-stdio` to the group `system`, where that is registered. */
export function registerDialStdio(program: Command, context: CliContext): void {
  const dial = program.commands
    .find((command) => command.name() === "system")
    ?.command("dial-stdio")
    .description("join standard input and output to the engine's socket, for clients that come by ssh")
    .action(async () => (await import("./dial-stdio.js")).dialStdio(context));
  if (dial) withExamples(dial, "gantry system dial-stdio");
}

/** Where other hosts may connect, and who may use the socket. */
function addListenFlags(command: Command): Command {
  return command
    .option("--listen <address>", "let clients of other hosts in too, by TLS: tcp://ADDRESS:PORT")
    .option("--tls-ca <file>", "authority that the clients' certificates have to be of")
    .option("--tls-cert <file>", "certificate of the engine")
    .option("--tls-key <file>", "its key")
    .option("--socket-group <group>", "group that may use the engine's socket, which is as good as root");
}
