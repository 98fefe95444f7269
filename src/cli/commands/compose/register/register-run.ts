/** Registers `run`, `exec` and `attach`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples, withExitCodes } from "../../../help.js";
import { collect } from "../../../options.js";
import { detachKeys, sigProxy } from "../../engine-objects/container/register-run.js";
import { waitLock } from "./register-up.js";

/** Adds them to `program`. */
export function registerRun(program: Command, context: CliContext): void {
  const run = program
    .command("run <service> [command...]")
    .description("run one command in a new container of a service; the exit code is the command's");
  addRunFlags(run)
    .passThroughOptions()
    .action(async (service: string, command: string[], flags) =>
      (await import("../run/run.js")).run(context, flags, [service, ...command]),
    );
  withExitCodes(run, { "1": "it could not be started; a card tells why", else: "the exit code of the command" });
  withExamples(run, "gantry run --rm web sh -c 'env | sort'", "gantry run --rm --service-ports -e DEBUG=1 web");
  registerExec(program, context);
  const attach = program
    .command("attach <service>")
    .description("join a running container's input and output; the exit code is its own")
    .option("--index <n>", "replica")
    .option(...detachKeys)
    .option("--no-stdin", "leave its input alone")
    .option(...sigProxy)
    .option("--no-sig-proxy", "do not pass signals on to it")
    .action(async (service: string, flags) => (await import("../exec.js")).attach(context, flags, service));
  withExamples(attach, "gantry attach --no-stdin web");
}

function addRunFlags(run: Command): Command {
  return run
    .option("-d, --detach", "leave it running and print its id")
    .option("--rm", "remove the container when it ends")
    .option("--name <name>", "name of the container")
    .option("-l, --label <key=value>", "label, repeatable", collect)
    .option("--no-deps", "do not start what the service depends on")
    .option("--remove-orphans", "remove containers of services that the files no longer have")
    .option("-y, --yes", "answer yes to every question")
    .option(...waitLock)
    .optionsGroup("Process:")
    .option("-e, --env <key=value>", "environment variable, repeatable", collect)
    .option("--env-from-file <path>", "environment file, repeatable", collect)
    .option("--entrypoint <command>", "in place of the service's")
    .option("-u, --user <user>", "user, as name or id")
    .option("-w, --workdir <dir>", "working directory")
    .option("--cap-add <capability>", "capability, repeatable", collect)
    .option("--cap-drop <capability>", "capability to take away, repeatable", collect)
    .option("-i, --interactive", "pass stdin on (the default)", true)
    .option("--no-interactive", "leave stdin alone")
    .option("-T, --no-tty", "no terminal")
    .addOption(new Option("--no-TTY").hideHelp().implies({ tty: false }))
    .addOption(new Option("-t, --tty").default(true).hideHelp())
    .optionsGroup("Storage and network:")
    .option("-v, --volume <mount>", "as SOURCE:/TARGET[:ro], repeatable", collect)
    .addOption(aliasOf("--volumes <mount>", "volume"))
    .option("-p, --publish <port>", "publish a port, repeatable", collect)
    .option("-P, --service-ports", "publish the service's ports")
    .option("--use-aliases", "answer to the service's names")
    .optionsGroup("Images:")
    .option("--pull <policy>", "always, missing or never")
    .option("--build", "build the image before")
    .option("-q, --quiet", "no progress")
    .option("--quiet-pull", "no progress of pulls")
    .option("--quiet-build", "no progress of builds");
}

function aliasOf(flags: string, name: string): Option {
  const option = new Option(flags).argParser(collect).hideHelp();
  option.attributeName = () => name;
  return option;
}

function registerExec(program: Command, context: CliContext): void {
  const exec = program
    .command("exec <service> <command...>")
    .description("run a command in a running container; the exit code is the command's")
    .option("-d, --detach", "do not wait for it")
    .option("-e, --env <key=value>", "environment variable, repeatable", collect)
    .option("-u, --user <user>", "user, as name or id")
    .option("-w, --workdir <dir>", "working directory")
    .option("-T, --no-tty", "no terminal")
    .addOption(new Option("--no-TTY").hideHelp().implies({ tty: false }))
    .addOption(new Option("-t, --tty").default(true).hideHelp())
    .option("-i, --interactive", "pass stdin on (the default)", true)
    .option("--no-interactive", "leave stdin alone")
    .option("--index <n>", "replica")
    .option("--privileged", "all capabilities")
    .passThroughOptions()
    .action(async (service: string, command: string[], flags) =>
      (await import("../exec.js")).exec(context, flags, [service, ...command]),
    );
  withExamples(exec, "gantry exec db redis-cli info", "gantry exec -T --index 2 web cat /etc/hosts");
}
