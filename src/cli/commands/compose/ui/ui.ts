/** `gantry ui`: opens the door to the world for the full-screen console of `tui/`. */
import type { ConsoleWorld } from "../../../../apply/console.js";
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";
import { withFinish } from "../../../with-finish.js";
import { wantsColor } from "../output/terminal.js";
import type { ConsoleHands } from "./console-hands.js";
import { loadForConsole } from "./load-for-console.js";

/** Throws "bad-parameter" without a terminal that can be drawn on. */
export async function ui(context: CliContext): Promise<void> {
  const { stdin, stdout, env } = context;
  if (!stdin.isTTY || !stdout.isTTY || env.TERM === "dumb" || !context.loadConsole) {
    throw new GantryError("bad-parameter", "gantry ui needs a terminal that it can draw on", {
      hint: "Elsewhere use gantry ps, gantry logs and gantry plan",
    });
  }
  context.connectAhead();
  const run = await context.loadConsole();
  await run(worldOf(context));
}

function worldOf(context: CliContext): ConsoleWorld {
  const { stdin, stdout, clock, version, signal } = context;
  let made: Promise<ConsoleHands> | undefined;
  // Loaded when something is to be done: the first screen waits for nothing that plans.
  const hands = () => {
    made ??= import("./console-hands.js").then((module) => new module.ConsoleHands(context));
    return made;
  };
  return {
    ...{ stdin, stdout, clock, version, signal },
    color: wantsColor(context, stdout),
    ...(namesProject(context) ? {} : { folder: context.cwd }),
    connect: () => context.connect(),
    load: (other) => loadForConsole(context, other),
    mustTrust: async (loaded) => (await hands()).mustTrust(loaded),
    trust: async (loaded) => (await hands()).trust(loaded),
    plan: async (loaded, wish) => (await hands()).plan(loaded, wish),
    carryOut: async (loaded, wish, run) => (await hands()).carryOut(loaded, wish, run),
    apply: async (plan, run) => (await hands()).apply(plan, run),
    shell: (containerId) => openShell(context, containerId),
    browse: async (url) => (await import("../instances/open-url.js")).openUrl(context, url),
    takeEndings: (listener) => context.takeEndings(listener),
  };
}

/** True when the project is not simply the one of this folder. */
function namesProject({ globals, env }: CliContext): boolean {
  const { file = [], projectName, projectDirectory, instance } = globals;
  const words = [
    projectName,
    projectDirectory,
    instance,
    env.COMPOSE_FILE,
    env.COMPOSE_PROJECT_NAME,
    env.GANTRY_INSTANCE,
  ];
  return file.length > 0 || words.some(Boolean);
}

/** The shell's exit code is no news here: whoever typed in it knows. */
async function openShell(context: CliContext, containerId: string): Promise<void> {
  const { containerExec } = await import("../../engine-objects/container/exec.js");
  const lent = withFinish(context, () => {});
  const asShell = ["sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"];
  await containerExec(lent, { tty: true, interactive: true, env: ["TERM"] }, [containerId, ...asShell]);
}
