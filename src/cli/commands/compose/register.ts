/** Registers the commands that work on a Compose project. Actions load their modules when they run. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../context.js";
import { collect } from "../../options.js";
import { registerLifecycle } from "./register-lifecycle.js";

/** Adds `up`, `down`, `ps`, … to `program`. */
export function registerComposeCommands(program: Command, context: CliContext): void {
  registerUp(program, context);
  registerLifecycle(program, context);
  registerLooking(program, context);
  registerListings(program, context);
}

function registerUp(program: Command, context: CliContext): void {
  planFlags(program.command("up [services...]"))
    .description("create and start what the files ask for, and nothing else")
    .option("-d, --detach", "return once everything is started")
    .option("--wait", "return once everything runs and is healthy; implies -d")
    .option("--abort-on-container-exit", "stop everything when one container ends")
    .option("--abort-on-container-failure", "stop everything when one container fails")
    .option("--exit-code-from <service>", "end with this service's exit code")
    .option("--attach <service>", "show only this service's output, repeatable", collect)
    .addOption(noAttach())
    .option("--attach-dependencies", "show the output of dependencies too")
    .option("--no-color", "no colours in the output")
    .option("--no-log-prefix", "no container names in the output")
    .option("--timestamps", "the time before each line")
    .option("--no-wait-lock", "give up when another command is changing the project")
    .action(async (services: string[], flags) => (await import("./up.js")).up(context, flags, services));
  planFlags(program.command("create [services...]"))
    .description("create containers without starting them")
    .option("--no-wait-lock", "give up when another command is changing the project")
    .action(async (services: string[], flags) =>
      (await import("./up.js")).up(context, { ...flags, start: false, color: true, logPrefix: true }, services),
    );
  planFlags(program.command("plan [services...]"))
    .description("show what up would do, and why; change nothing")
    .option("--format <format>", "text (default) or json")
    .option("--exit-code", "exit with 2 when there is something to do")
    .action(async (services: string[], flags) => (await import("./plan.js")).plan(context, flags, services));
}

/** Not the negation of `--attach`, which commander would take it for. */
function noAttach(): Option {
  const option = new Option("--no-attach <service>", "leave this service's output out, repeatable").argParser(collect);
  option.negate = false;
  option.attributeName = () => "noAttach";
  return option;
}

/** The flags that shape a plan, the same for all that draw one. */
function planFlags(command: Command): Command {
  return command
    .option("--force-recreate", "make containers anew even if nothing changed")
    .option("--always-recreate-deps", "make dependencies anew too")
    .option("--no-recreate", "never touch existing containers")
    .option("--no-deps", "leave out what the named services depend on")
    .option("--remove-orphans", "remove containers of services that the files no longer have")
    .option("--scale <service=n>", "number of replicas, repeatable", collect)
    .option("--pull <policy>", "always, missing or never")
    .option("--quiet-pull", "no progress of pulls")
    .option("-y, --yes", "answer yes to every question")
    .option("--no-start", "create only")
    .option("-t, --timeout <seconds>", "grace for containers that are replaced")
    .option("--wait-timeout <seconds>", "limit of each wait")
    .option("-V, --renew-anon-volumes", "fresh anonymous volumes");
}

function registerLooking(program: Command, context: CliContext): void {
  program
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
    .action(async (services: string[], flags) => (await import("./logs.js")).logs(context, flags, services));
  program
    .command("exec <service> <command...>")
    .description("run a command in a running container; the exit code is the command's")
    .option("-d, --detach", "do not wait for it")
    .option("-e, --env <key=value>", "environment variable, repeatable", collect)
    .option("-u, --user <user>", "user, as name or id")
    .option("-w, --workdir <dir>", "working directory")
    .option("-T, --no-tty", "no terminal")
    .option("-i, --interactive", "pass stdin on (the default)")
    .option("--index <n>", "replica")
    .option("--privileged", "all capabilities")
    .passThroughOptions()
    .action(async (service: string, command: string[], flags) =>
      (await import("./exec.js")).exec(context, flags, [service, ...command]),
    );
  program
    .command("port <service> <port>")
    .description("print the public address of a port")
    .option("--protocol <protocol>", "tcp or udp", "tcp")
    .option("--index <n>", "replica")
    .action(async (service: string, port: string, flags) =>
      (await import("./exec.js")).port(context, flags, [service, port]),
    );
  program
    .command("top [services...]")
    .description("show the running processes")
    .action(async (services: string[]) => (await import("./exec.js")).top(context, services));
}

function registerListings(program: Command, context: CliContext): void {
  program
    .command("ps [services...]")
    .description("list the project's containers")
    .option("-a, --all", "stopped ones too")
    .option("-q, --quiet", "ids only")
    .option("--services", "service names only")
    .option("--status <status>", "only in this state, repeatable", collect)
    .option("--filter <status=…>", "only in this state, repeatable", collect)
    .option("--orphans", "services that the files no longer have, too (the default)")
    .option("--no-orphans", "leave out services that the files no longer have")
    .option("--no-trunc", "commands in full")
    .option("--format <format>", "table (default) or json")
    .action(async (services: string[], flags) => (await import("./ps.js")).ps(context, flags, services));
  program
    .command("ls")
    .description("list the projects on the engine")
    .option("-a, --all", "stopped ones too")
    .option("-q, --quiet", "names only")
    .option("--filter <name=…>", "only these, repeatable", collect)
    .option("--format <format>", "table (default) or json")
    .action(async (flags) => (await import("./listings.js")).ls(context, flags));
  program
    .command("images [services...]")
    .description("list the images of the project's containers")
    .option("-q, --quiet", "ids only")
    .option("--format <format>", "table (default) or json")
    .action(async (services: string[], flags) => (await import("./listings.js")).images(context, flags, services));
  program
    .command("volumes [services...]")
    .description("list the project's volumes")
    .option("-q, --quiet", "names only")
    .option("--format <format>", "table (default) or json")
    .action(async (services: string[], flags) => (await import("./listings.js")).volumes(context, flags, services));
  program
    .command("wait <services...>")
    .description("wait until the containers have ended")
    .action(async (services: string[]) => (await import("./listings.js")).wait(context, services));
  program
    .command("events [services...]")
    .description("show what happens to the project's containers")
    .option("--json", "one JSON object per line")
    .option("--since <time>", "replay from then on")
    .option("--until <time>", "end then")
    .action(async (services: string[], flags) => (await import("./listings.js")).events(context, flags, services));
  registerConfig(program, context);
  registerInit(program, context);
}

function registerInit(program: Command, context: CliContext): void {
  program
    .command("init")
    .description("write a commented compose.yaml for the project of this folder")
    .option("-o, --output <file>", "another file; - prints it")
    .option("--dry-run", "print it, write nothing")
    .option("--force", "replace what is there")
    .action(async (flags) => (await import("./init.js")).init(context, flags));
}

function registerConfig(program: Command, context: CliContext): void {
  program
    .command("config [services...]")
    .description("check the files and print the project as it is understood")
    .option("--format <format>", "yaml (default) or json; with -q text (default), json, sarif or github")
    .option("-q, --quiet", "check only; the exit code is the verdict")
    .option("-o, --output <file>", "write to a file")
    .option("--services", "service names")
    .option("--volumes", "volume keys")
    .option("--networks", "network keys")
    .option("--images", "image names")
    .option("--profiles", "profile names")
    .option("--environment", "the variables that files can use")
    .option("--models", "model names")
    .option("--hash <services>", "digests of services: names, or *")
    .option("--variables", "the variables that the files name, with their defaults")
    .option("--explain <path>", "where a value comes from, such as services.web.environment.URL")
    .option("--resolve-image-digests", "pin images to their registries' digests")
    .option("--lock-image-digests", "print an override file of pinned images alone")
    .option("--no-interpolate", "leave variables as written")
    .option("--no-normalize", "add nothing that the files do not say")
    .option("--no-path-resolution", "leave relative paths as written")
    .option("--no-env-resolution", "leave env_file as an attribute")
    .option("--no-consistency", "skip what needs more than one value to check")
    .action(async (services: string[], flags) => (await import("./config/config.js")).config(context, flags, services));
  program
    .command("pull [services...]")
    .description("pull the services' images")
    .option("--policy <policy>", "always (default) or missing")
    .option("--include-deps", "also what the services depend on")
    .action(async (services: string[], flags) => (await import("./plan.js")).pull(context, flags, services));
}
