/** Registers `down`, `stop`, `start`, `restart`, `kill`, `rm`, `pause`, `unpause`, `scale` and `run`. */
import type { Command } from "commander";
import type { CliContext } from "../../context.js";
import { registerRun } from "./run/register-run.js";

const waitLock = ["--no-wait-lock", "give up when another command is changing the project"] as const;
const timeout = ["-t, --timeout <seconds>", "grace before they are killed"] as const;

/** Adds them to `program`. */
export function registerLifecycle(program: Command, context: CliContext): void {
  const load = () => import("./lifecycle.js");
  program
    .command("down [services...]")
    .description("stop and remove the containers and networks")
    .option("-v, --volumes", "named volumes and their data too")
    .option("--remove-orphans", "containers of services that the files no longer have, too")
    .option("--rmi <which>", "images too: local or all")
    .option(...timeout)
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).down(context, flags, services));
  program
    .command("stop [services...]")
    .description("stop containers, dependents first")
    .option(...timeout)
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).stop(context, flags, services));
  program
    .command("start [services...]")
    .description("start existing containers, dependencies first")
    .option("--wait", "return once everything runs and is healthy")
    .option("--wait-timeout <seconds>", "limit of each wait")
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).start(context, flags, services));
  program
    .command("restart [services...]")
    .description("restart containers")
    .option("--no-deps", "leave out services that ask to be restarted with these")
    .option(...timeout)
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).restart(context, flags, services));
  registerHard(program, context);
  registerRun(program, context);
}

function registerHard(program: Command, context: CliContext): void {
  const load = () => import("./lifecycle.js");
  program
    .command("kill [services...]")
    .description("send a signal to running containers")
    .option("-s, --signal <signal>", "signal (default: SIGKILL)")
    .option("--remove-orphans", "containers of services that the files no longer have, too")
    .action(async (services: string[], flags) => (await load()).kill(context, flags, services));
  program
    .command("rm [services...]")
    .description("remove stopped containers")
    .option("-f, --force", "do not ask")
    .option("-s, --stop", "stop them first")
    .option("-v, --volumes", "anonymous volumes too")
    .option(...waitLock)
    .action(async (services: string[], flags) => (await load()).rm(context, flags, services));
  for (const name of ["pause", "unpause"] as const) {
    program
      .command(`${name} [services...]`)
      .description(name === "pause" ? "freeze the processes" : "let frozen processes go on")
      .action(async (services: string[]) => (await load()).pause(context, { pause: name === "pause" }, services));
  }
  program
    .command("scale <service=n...>")
    .description("change the number of replicas")
    .option("--no-deps", "leave out what the services depend on")
    .option(...waitLock)
    .action(async (words: string[], flags) => (await import("./plan.js")).scale(context, flags, words));
}
