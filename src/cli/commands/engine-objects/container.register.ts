/** Registers `container …`. */
import type { Command } from "commander";
import type { CliContext } from "../../context.js";
import { collect } from "../../options.js";
import { addCreateOptions } from "./container/create-options.js";
import { formatOption } from "./engine.register.js";

const detachKeys = ["--detach-keys <keys>", "keys that detach from it (default: ctrl-p,ctrl-q)"] as const;

/** Adds it to `program`. */
export function registerContainerCommands(program: Command, context: CliContext): void {
  const container = program.command("container").description("run and manage single containers");
  registerRun(container.command("run"), context);
  registerCreate(container.command("create"), context);
  registerExec(container.command("exec"), context);
  registerLooking(container, context);
  registerLifecycle(container, context);
}

function registerRun(command: Command, context: CliContext): void {
  addCreateOptions(command)
    .description("create and start a container; the exit code is its own")
    .option("-d, --detach", "leave it running and print its id")
    .option(...detachKeys)
    .option("--no-sig-proxy", "do not pass signals on to it")
    .argument("<image>", "name of the image; it is pulled when it is not here")
    .argument("[command...]", "command in place of the image's")
    .passThroughOptions()
    .action(async (image: string, command: string[], options) =>
      (await import("./container/run.js")).containerRun(context, options, [image, ...command]),
    )
    .addHelpText("after", "\nExample:\n  gantry container run --rm -p 8080:80 -v data:/data nginx");
}

function registerCreate(command: Command, context: CliContext): void {
  addCreateOptions(command)
    .description("create a container and print its id")
    .argument("<image>", "name of the image; it is pulled when it is not here")
    .argument("[command...]", "command in place of the image's")
    .passThroughOptions()
    .action(async (image: string, command: string[], options) =>
      (await import("./container/run.js")).containerCreate(context, options, [image, ...command]),
    );
}

function registerExec(command: Command, context: CliContext): void {
  command
    .description("run a command in a running container; the exit code is the command's")
    .option("-d, --detach", "do not wait for it")
    .option("-i, --interactive", "pass stdin on to it")
    .option("-t, --tty", "allocate a terminal")
    .option("-e, --env <name=value>", "set an environment variable", collect)
    .option("-w, --workdir <dir>", "working directory")
    .option("-u, --user <user[:group]>", "user of the process")
    .option("--privileged", "give it all that the host may do")
    .option(...detachKeys)
    .argument("<container>")
    .argument("<command...>")
    .passThroughOptions()
    .action(async (name: string, command: string[], options) =>
      (await import("./container/exec.js")).containerExec(context, options, [name, ...command]),
    );
}

function registerLooking(container: Command, context: CliContext): void {
  const lifecycle = () => import("./container/lifecycle.js");
  container
    .command("ls")
    .aliases(["list", "ps"])
    .description("list containers")
    .option("-a, --all", "stopped ones too")
    .option("-n, --last <number>", "the last n created, in any state", Number)
    .option("-q, --quiet", "ids alone")
    .option("--no-trunc", "do not shorten ids and commands")
    .option("--filter <filter>", "as status=exited or label=a=b", collect)
    .addOption(formatOption())
    .action(async (options) => (await import("./container/ls.js")).containerLs(context, options));
  container
    .command("inspect <container...>")
    .description("print all that is known about containers, as JSON")
    .addOption(formatOption().choices(["json"]).default("json"))
    .action(async (names: string[]) => (await lifecycle()).containerInspect(context, names));
  container
    .command("logs <container>")
    .description("print a container's output")
    .option("-f, --follow", "go on as it is written")
    .option("--since <moment>", "from then on: 10m, or RFC 3339")
    .option("--until <moment>", "until then")
    .option("-n, --tail <lines>", "the last n lines", "all")
    .option("-t, --timestamps", "with the time of each line")
    .action(async (name: string, options) => (await lifecycle()).containerLogs(context, options, [name]));
  container
    .command("top <container> [psOptions...]")
    .description("list the processes in a container")
    .passThroughOptions()
    .action(async (name: string, psOptions: string[]) =>
      (await lifecycle()).containerTop(context, [name, ...psOptions]),
    );
  container
    .command("wait <container...>")
    .description("wait until containers end and print their exit codes")
    .action(async (names: string[]) => (await lifecycle()).containerWait(context, names));
}

function registerLifecycle(container: Command, context: CliContext): void {
  const lifecycle = () => import("./container/lifecycle.js");
  const onMany = (name: string, description: string) =>
    container.command(`${name} <container...>`).description(description);
  onMany("start", "start stopped containers")
    .option("-a, --attach", "attach to its output; the exit code is its own")
    .option("-i, --interactive", "attach its stdin too")
    .option(...detachKeys)
    .action(async (names: string[], options) => (await lifecycle()).containerStart(context, options, names));
  onMany("stop", "stop containers: signal, grace, SIGKILL")
    .option("-t, --timeout <seconds>", "grace; -1 waits for ever")
    .option("-s, --signal <signal>", "in place of the container's own")
    .action(async (names: string[], options) => (await lifecycle()).containerStop(context, options, names));
  onMany("restart", "stop and start containers")
    .option("-t, --timeout <seconds>", "grace")
    .action(async (names: string[], options) => (await lifecycle()).containerRestart(context, options, names));
  onMany("kill", "send a signal to containers")
    .option("-s, --signal <signal>", "the signal", "SIGKILL")
    .action(async (names: string[], options) => (await lifecycle()).containerKill(context, options, names));
  for (const action of ["pause", "unpause"] as const) {
    onMany(action, action === "pause" ? "freeze containers" : "let frozen containers go on").action(
      async (names: string[]) => (await lifecycle()).containerPause(context, action, names),
    );
  }
  container
    .command("rename <container> <name>")
    .description("give a container another name")
    .action(async (name: string, next: string) => (await lifecycle()).containerRename(context, [name, next]));
  onMany("rm", "remove stopped containers")
    .alias("remove")
    .option("-f, --force", "running ones too")
    .option("-v, --volumes", "and their anonymous volumes")
    .action(async (names: string[], options) => (await lifecycle()).containerRm(context, options, names));
}
