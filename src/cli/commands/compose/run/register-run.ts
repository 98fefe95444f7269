/** Registers `run` and `attach`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { collect } from "../../../options.js";

/** Adds them to `program`. */
export function registerRun(program: Command, context: CliContext): void {
  program
    .command("run <service> [command...]")
    .description("run one command in a new container of a service; the exit code is the command's")
    .option("-d, --detach", "leave it running and print its id")
    .option("-e, --env <key=value>", "environment variable, repeatable", collect)
    .option("--env-from-file <path>", "environment file, repeatable", collect)
    .option("-l, --label <key=value>", "label, repeatable", collect)
    .option("--name <name>", "name of the container")
    .option("--entrypoint <command>", "in place of the service's")
    .option("-u, --user <user>", "user, as name or id")
    .option("-w, --workdir <dir>", "working directory")
    .option("--cap-add <capability>", "capability, repeatable", collect)
    .option("--cap-drop <capability>", "capability to take away, repeatable", collect)
    .option("-v, --volume <mount>", "as SOURCE:/TARGET[:ro], repeatable", collect)
    .option("-p, --publish <port>", "publish a port, repeatable", collect)
    .option("-P, --service-ports", "publish the service's ports")
    .option("--use-aliases", "answer to the service's names")
    .option("--no-deps", "do not start what the service depends on")
    .option("--rm", "remove the container when it ends")
    .option("-i, --interactive", "pass stdin on (the default)", true)
    .option("--no-interactive", "leave stdin alone")
    .option("-T, --no-tty", "no terminal")
    .option("--pull <policy>", "always, missing or never")
    .option("-q, --quiet", "no progress")
    .option("--quiet-pull", "no progress of pulls")
    .option("--remove-orphans", "remove containers of services that the files no longer have")
    .option("--no-wait-lock", "give up when another command is changing the project")
    .passThroughOptions()
    .action(async (service: string, command: string[], flags) =>
      (await import("./run.js")).run(context, flags, [service, ...command]),
    )
    .addHelpText("after", "\nExample:\n  gantry run --rm web sh -c 'env | sort'");
  program
    .command("attach <service>")
    .description("join a running container's input and output; the exit code is its own")
    .option("--index <n>", "replica")
    .option("--detach-keys <keys>", "keys that detach from it (default: ctrl-p,ctrl-q)")
    .option("--no-stdin", "leave its input alone")
    .option("--no-sig-proxy", "do not pass signals on to it")
    .action(async (service: string, flags) => (await import("../exec.js")).attach(context, flags, service))
    .addHelpText("after", "\nExample:\n  gantry attach --no-stdin web");
}
