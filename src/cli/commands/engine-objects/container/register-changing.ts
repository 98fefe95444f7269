/** Registers the commands of `container` that change what is there. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { collect } from "../../../options.js";
import { refuseFlags } from "../../../refused-flags.js";
import { detachKeys } from "./register-run.js";

/** Adds the lifecycle commands, `update`, `cp`, `export` and `commit` to `container`. */
export function registerChanging(container: Command, context: CliContext): void {
  registerStarting(container, context);
  registerStopping(container, context);
  registerUpdate(container, context);
  registerFiles(container, context);
}

function registerStarting(container: Command, context: CliContext): void {
  const lifecycle = () => import("./lifecycle.js");
  const start = container
    .command("start <container...>")
    .description("start stopped containers")
    .option("-a, --attach", "attach to its output; the exit code is its own")
    .option("-i, --interactive", "attach its stdin too")
    .option(...detachKeys)
    .action(async (names: string[], options) => (await import("./attach.js")).containerStart(context, options, names));
  refuseFlags(
    start,
    "is experimental in docker: engines of this API refuse checkpoints",
    "--checkpoint <name>",
    "--checkpoint-dir <path>",
  );
  withExamples(start, "gantry container start db web", "gantry container start -a job");
  for (const action of ["pause", "unpause"] as const) {
    const command = container
      .command(`${action} <container...>`)
      .description(action === "pause" ? "freeze containers" : "let frozen containers go on")
      .action(async (names: string[]) => (await lifecycle()).containerPause(context, action, names));
    withExamples(command, `gantry container ${action} web`);
  }
  const rename = container
    .command("rename <container> <name>")
    .description("give a container another name")
    .action(async (name: string, next: string) => (await lifecycle()).containerRename(context, [name, next]));
  withExamples(rename, "gantry container rename web old-web");
}

function registerStopping(container: Command, context: CliContext): void {
  const lifecycle = () => import("./lifecycle.js");
  const graceful = (name: string, description: string) =>
    container
      .command(`${name} <container...>`)
      .description(description)
      .option("-t, --timeout <seconds>", "grace; -1 waits for ever")
      .option("-s, --signal <signal>", "in place of the container's own");
  const stop = graceful("stop", "stop containers: signal, grace, SIGKILL").action(async (names: string[], options) =>
    (await lifecycle()).containerStop(context, options, names),
  );
  withExamples(stop, "gantry container stop -t 30 web");
  const restart = graceful("restart", "stop and start containers").action(async (names: string[], options) =>
    (await lifecycle()).containerRestart(context, options, names),
  );
  withExamples(restart, "gantry container restart web");
  const kill = container
    .command("kill <container...>")
    .description("send a signal to containers")
    .option("-s, --signal <signal>", "the signal", "SIGKILL")
    .action(async (names: string[], options) => (await lifecycle()).containerKill(context, options, names));
  withExamples(kill, "gantry container kill -s HUP web");
  const rm = container
    .command("rm <container...>")
    .alias("remove")
    .description("remove stopped containers")
    .option("-f, --force", "running ones too")
    .option("-v, --volumes", "and their anonymous volumes")
    .option("-l, --link", "a link of the default network in place of a container")
    .action(async (names: string[], options) => (await lifecycle()).containerRm(context, options, names));
  withExamples(rm, "gantry container rm -f -v web");
}

function registerUpdate(container: Command, context: CliContext): void {
  const update = container
    .command("update <container...>")
    .description("change the limits and the restart policy of containers while they run")
    .option("-m, --memory <size>", "memory")
    .option("--memory-swap <size>", "memory and swap together; -1 is without limit")
    .option("--memory-reservation <size>", "memory that is kept when the host runs short")
    .option("--kernel-memory <size>", "obsolete; engines refuse it")
    .option("--cpus <number>", "CPUs")
    .option("-c, --cpu-shares <number>", "weight against others")
    .option("--cpu-period <µs>", "length of a CFS period")
    .option("--cpu-quota <µs>", "time in each CFS period")
    .option("--cpu-rt-period <µs>", "length of a real-time period")
    .option("--cpu-rt-runtime <µs>", "real-time in each period")
    .option("--cpuset-cpus <list>", "CPUs that it may run on")
    .option("--cpuset-mems <list>", "memory nodes that it may use")
    .option("--blkio-weight <10-1000>", "weight of its disk accesses")
    .option("--pids-limit <number>", "processes; -1 is without limit")
    .option("--restart <policy>", "no, always, unless-stopped, on-failure[:retries]")
    .action(async (names: string[], options) => (await import("./upkeep.js")).containerUpdate(context, options, names));
  withExamples(update, "gantry container update -m 512m --cpus 2 web", "gantry container update --restart always web");
}

function registerFiles(container: Command, context: CliContext): void {
  const upkeep = () => import("./upkeep.js");
  const cp = container
    .command("cp <source> <target>")
    .description("copy between a container (NAME:PATH) and the host; `-` is a tar on the standard streams")
    .option("-a, --archive", "keep owners")
    .option("-L, --follow-link", "copy what a link on the source's side leads to")
    .option("-q, --quiet", "for compatibility; nothing is said anyway")
    .action(async (source: string, target: string, options) =>
      (await import("./copy.js")).containerCp(context, options, [source, target]),
    );
  withExamples(
    cp,
    "gantry container cp web:/etc/nginx ./nginx",
    "gantry container cp ./site/. web:/usr/share/nginx/html",
  );
  const exported = container
    .command("export <container>")
    .description("write a container's root file system as a tar")
    .option("-o, --output <file>", "write to a file, not to standard output")
    .action(async (name: string, options) => (await upkeep()).containerExport(context, options, [name]));
  withExamples(exported, "gantry container export -o web.tar web");
  const commit = container
    .command("commit <container> [name]")
    .description("make an image of a container's changes")
    .option("-a, --author <author>", "author of the image")
    .option("-m, --message <text>", "a comment")
    .option("-c, --change <instruction>", 'a Dockerfile instruction, as CMD ["/bin/sh"]', collect)
    .option("-p, --pause", "freeze it meanwhile (the default)")
    .option("--no-pause", "let the container run on meanwhile")
    .action(async (name: string, reference: string | undefined, options) =>
      (await upkeep()).containerCommit(context, options, reference === undefined ? [name] : [name, reference]),
    );
  withExamples(commit, "gantry container commit -m 'with tools' web shop/web:tools");
}
