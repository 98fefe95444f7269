/** Registers `container run`, `create`, `exec` and `attach`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples, withExitCodes } from "../../../help.js";
import { collect } from "../../../options.js";
import { addCreateOptions } from "./create/create-options.js";

/** For every command that joins a container's streams. */
export const detachKeys = ["--detach-keys <keys>", "keys that detach from it (default: ctrl-p,ctrl-q)"] as const;
/** Docker writes `--sig-proxy=false`; `--no-sig-proxy` is ours. */
export const sigProxy = ["--sig-proxy", "pass signals on to it (the default)"] as const;

/** Adds them to `container`. */
export function registerRun(container: Command, context: CliContext): void {
  const exitCodes = {
    "125": "the engine refused it",
    "126": "its command cannot be executed",
    "127": "its command was not found",
    else: "the exit code of the container",
  };
  const run = addCreateOptions(container.command("run"))
    .description("create and start a container; the exit code is its own")
    .optionsGroup("Process:")
    .option("-d, --detach", "leave it running and print its id")
    .option(...detachKeys)
    .option(...sigProxy)
    .option("--no-sig-proxy", "do not pass signals on to it")
    .argument("<image>", "name of the image; it is pulled when it is not here")
    .argument("[command...]", "command in place of the image's")
    .passThroughOptions()
    .action(async (image: string, command: string[], options) =>
      (await import("./run.js")).containerRun(context, options, [image, ...command]),
    );
  withExitCodes(run, exitCodes);
  withExamples(
    run,
    "gantry container run --rm busybox echo hello",
    "gantry container run -d --name web -p 8080:80 -v data:/data nginx",
    "gantry container run --rm -it --network front debian bash",
  );
  const create = addCreateOptions(container.command("create"))
    .description("create a container and print its id")
    .argument("<image>", "name of the image; it is pulled when it is not here")
    .argument("[command...]", "command in place of the image's")
    .passThroughOptions()
    .action(async (image: string, command: string[], options) =>
      (await import("./run.js")).containerCreate(context, options, [image, ...command]),
    );
  withExamples(create, "gantry container create --name db -v data:/var/lib/db redis");
  registerExec(container, context);
  registerAttach(container, context);
}

function registerExec(container: Command, context: CliContext): void {
  const exec = container
    .command("exec")
    .description("run a command in a running container; the exit code is the command's")
    .option("-d, --detach", "do not wait for it")
    .option("-i, --interactive", "pass stdin on to it")
    .option("-t, --tty", "allocate a terminal")
    .option("-e, --env <name=value>", "set an environment variable", collect)
    .option("--env-file <path>", "read environment variables from a file", collect)
    .option("-w, --workdir <dir>", "working directory")
    .option("-u, --user <user[:group]>", "user of the process")
    .option("--privileged", "give it all that the host may do")
    .option(...detachKeys)
    .argument("<container>", "name or id")
    .argument("<command...>", "command and its arguments")
    .passThroughOptions()
    .action(async (name: string, command: string[], options) =>
      (await import("./exec.js")).containerExec(context, options, [name, ...command]),
    );
  withExamples(exec, "gantry container exec web nginx -s reload", "gantry container exec -it db sh");
}

function registerAttach(container: Command, context: CliContext): void {
  const attach = container
    .command("attach <container>")
    .description("attach to a running container; the exit code is its own")
    .option("--no-stdin", "do not pass stdin on")
    .option(...sigProxy)
    .option("--no-sig-proxy", "do not pass signals on to it")
    .option(...detachKeys)
    .action(async (name: string, options) => (await import("./attach.js")).containerAttach(context, options, [name]));
  withExamples(attach, "gantry container attach --no-stdin web");
}
