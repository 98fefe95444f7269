/** Registers `down`, `stop`, `start`, `restart`, `kill`, `rm`, `pause`, `unpause` and `wait`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples, withExitCodes } from "../../../help.js";
import { waitLock } from "./register-up.js";

const timeout = ["-t, --timeout <seconds>", "grace before they are killed"] as const;

/** Adds them to `program`. */
export function registerLifecycle(program: Command, context: CliContext): void {
  const load = () => import("../lifecycle.js");
  const down = program
    .command("down [services...]")
    .description("stop and remove the containers and networks")
    .option("-v, --volumes", "named volumes and their data too; they go to the trash for a while")
    .option("--purge", "with --volumes: past the trash, for good")
    .addOption(new Option("--volume").hideHelp().implies({ volumes: true }))
    .option("--remove-orphans", "containers of services that the files no longer have, too")
    .option("--rmi <which>", "images too: local or all")
    .option(...timeout)
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).down(context, flags, services));
  withExamples(down, "gantry down", "gantry down --volumes --rmi local --remove-orphans");
  const stop = program
    .command("stop [services...]")
    .description("stop containers, dependents first")
    .option(...timeout)
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).stop(context, flags, services));
  withExamples(stop, "gantry stop -t 30 web");
  const start = program
    .command("start [services...]")
    .description("start existing containers, dependencies first")
    .option("--wait", "return once everything runs and is healthy")
    .option("--wait-timeout <seconds>", "limit of each wait")
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).start(context, flags, services));
  withExamples(start, "gantry start --wait db");
  const restart = program
    .command("restart [services...]")
    .description("restart containers")
    .option("--no-deps", "leave out services that ask to be restarted with these")
    .option(...timeout)
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).restart(context, flags, services));
  withExamples(restart, "gantry restart web");
  registerHard(program, context);
  registerWait(program, context);
}

function registerHard(program: Command, context: CliContext): void {
  const load = () => import("../lifecycle.js");
  const kill = program
    .command("kill [services...]")
    .description("send a signal to running containers")
    .option("-s, --signal <signal>", "signal (default: SIGKILL)")
    .option("--remove-orphans", "containers of services that the files no longer have, too")
    .action(async (services: string[], flags) => (await load()).kill(context, flags, services));
  withExamples(kill, "gantry kill -s HUP web");
  const rm = program
    .command("rm [services...]")
    .description("remove stopped containers")
    .option("-f, --force", "do not ask")
    .option("-s, --stop", "stop them first")
    .option("-v, --volumes", "anonymous volumes too")
    .addOption(new Option("-a, --all").hideHelp())
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).rm(context, flags, services));
  withExamples(rm, "gantry rm --stop --force web");
  for (const name of ["pause", "unpause"] as const) {
    const command = program
      .command(`${name} [services...]`)
      .description(name === "pause" ? "freeze the processes" : "let frozen processes go on")
      .action(async (services: string[]) => (await load()).pause(context, { pause: name === "pause" }, services));
    withExamples(command, `gantry ${name} worker`);
  }
}

function registerWait(program: Command, context: CliContext): void {
  const wait = program
    .command("wait <services...>")
    .description("wait until the containers of services have ended")
    .option("--down-project", "then take the project down")
    .action(async (services: string[], flags) => (await import("../looking/wait.js")).wait(context, flags, services));
  withExitCodes(wait, { else: "the exit code of the container that ended last" });
  withExamples(wait, "gantry wait tests", "gantry wait --down-project tests");
}
