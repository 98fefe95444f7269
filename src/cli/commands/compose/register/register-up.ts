/** Registers `up`, `create`, `plan` and `scale`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples, withExitCodes } from "../../../help.js";
import { collect } from "../../../options.js";

/** For commands that change a project, of which one at a time may. */
export const waitLock = ["--no-wait-lock", "give up when another command is changing the project"] as const;

/** Adds them to `program`. */
export function registerUp(program: Command, context: CliContext): void {
  const up = program
    .command("up [services...]")
    .description("create and start what the files ask for, and nothing else");
  outputFlags(up);
  planFlags(up)
    .option(...waitLock)
    .addOption(new Option("--menu").hideHelp())
    .option("-w, --watch", "follow the files under develop.watch, as the command watch does")
    .action(async (services: string[], flags) => (await import("../up.js")).up(context, flags, services));
  withExitCodes(up, {
    "1": "something failed; a card tells what",
    "130": "ended by Ctrl-C, after the services were stopped",
    else: "with --abort-on-container-exit, -failure or --exit-code-from: the exit code of the container that counts",
  });
  withExamples(
    up,
    "gantry up -d",
    "gantry up --scale web=3 --pull always web",
    "gantry up --exit-code-from tests tests",
  );
  const create = planFlags(program.command("create [services...]"))
    .description("create containers without starting them")
    .option(...waitLock)
    .action(async (services: string[], flags) =>
      (await import("../up.js")).up(context, { ...flags, start: false, color: true, logPrefix: true }, services),
    );
  withExamples(create, "gantry create --force-recreate web");
  const plan = planFlags(program.command("plan [services...]"))
    .description("show what up would do, and why; change nothing")
    .option("--format <format>", "text (default), json, or dot for Graphviz")
    .option("--exit-code", "exit with 2 when there is something to do")
    .option("-o, --output <file>", "write the plan to a file too, for apply")
    .action(async (services: string[], flags) => (await import("../plan.js")).plan(context, flags, services));
  withExamples(plan, "gantry plan", "gantry plan --exit-code --format json web", "gantry plan -o plan.json");
  withExitCodes(plan, { "2": "with --exit-code: there is something to do" });
  registerBound(program, context);
  const scale = program
    .command("scale <service=n...>")
    .description("change the number of replicas")
    .option("--no-deps", "leave out what the services depend on")
    .option(...waitLock)
    .action(async (words: string[], flags) => (await import("../plan.js")).scale(context, flags, words));
  withExamples(scale, "gantry scale web=3 worker=2");
  registerWatch(program, context);
}

function registerWatch(program: Command, context: CliContext): void {
  const watch = program
    .command("watch [services...]")
    .description("follow the files under develop.watch: copy, restart or rebuild what they change")
    .option("--no-up", "watch what runs already, start nothing")
    .option("--prune", "remove images that a rebuild leaves without a name", true)
    .option("--no-prune", "keep them")
    .option("--quiet", "no progress of builds")
    .option(...waitLock)
    .action(async (services: string[], flags) => (await import("../watch/watch.js")).watch(context, flags, services));
  withExitCodes(watch, { "1": "nothing can be watched, or the services do not come up", "130": "ended by Ctrl-C" });
  withExamples(watch, "gantry watch", "gantry watch --no-up api");
}

/** What goes with `plan`. */
function registerBound(program: Command, context: CliContext): void {
  const apply = program
    .command("apply <file>")
    .description("carry out the plan of a file, or nothing when what it was made from has moved")
    .option("-y, --yes", "answer yes to every question")
    .option(...waitLock)
    .action(async (file: string, flags) => (await import("../bound/apply.js")).apply(context, flags, file));
  withExitCodes(apply, {
    "1": "something failed; a card tells what",
    "4": "files or what runs have moved since the plan was made; no container was touched",
  });
  withExamples(apply, "gantry apply plan.json");
  const diff = program
    .command("diff [services...]")
    .description("show what is not as the files say, field by field; change nothing")
    .option("--format <format>", "text (default) or json")
    .option("--exit-code", "exit with 2 when something differs")
    .action(async (services: string[], flags) => (await import("../diff.js")).diff(context, flags, services));
  withExitCodes(diff, { "2": "with --exit-code: something differs" });
  withExamples(diff, "gantry diff", "gantry diff --exit-code --format json web");
}

/** What the foreground shows and when it ends. */
function outputFlags(command: Command): void {
  command
    .option("-d, --detach", "return once everything is started")
    .option("--wait", "return once everything runs and is healthy; implies -d")
    .optionsGroup("Foreground:")
    .option("--abort-on-container-exit", "stop everything when one container ends")
    .option("--abort-on-container-failure", "stop everything when one container fails")
    .option("--exit-code-from <service>", "end with this service's exit code")
    .option("--attach <service>", "show only this service's output, repeatable", collect)
    .addOption(noAttach())
    .option("--attach-dependencies", "show the output of dependencies too")
    .option("--no-color", "no colours in the output")
    .option("--no-log-prefix", "no container names in the output")
    .option("--timestamps", "the time before each line");
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
    .optionsGroup("What to do:")
    .option("--force-recreate", "make containers anew even if nothing changed")
    .option("--always-recreate-deps", "make dependencies anew too")
    .option("--no-recreate", "never touch existing containers")
    .option("--no-deps", "leave out what the named services depend on")
    .option("--remove-orphans", "remove containers of services that the files no longer have")
    .option("--scale <service=n>", "number of replicas, repeatable", collect)
    .option("--no-start", "create only")
    .option("-V, --renew-anon-volumes", "fresh anonymous volumes")
    .option("-t, --timeout <seconds>", "grace for containers that are replaced")
    .option("--wait-timeout <seconds>", "limit of each wait")
    .optionsGroup("Images:")
    .option("--pull <policy>", "always, missing or never")
    .option("--quiet-pull", "no progress of pulls")
    .option("--build", "build images before the start")
    .addOption(buildNever())
    .option("--quiet-build", "no progress of builds")
    .optionsGroup("Options:")
    .option("-y, --yes", "answer yes to every question")
    .addOption(new Option("--y").hideHelp());
}

/** Not the negation of `--build`: nothing said is neither. */
function buildNever(): Option {
  const option = new Option("--no-build", "never build an image");
  option.negate = false;
  option.attributeName = () => "noBuild";
  return option;
}
