/** Registers the commands that work on a Compose project. Actions load their modules when they run. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { reportOption } from "../../../options.js";
import { registerArchives } from "./register-archives.js";
import { registerBuild } from "./register-build.js";
import { registerConfig } from "./register-config.js";
import { registerDev } from "./register-dev.js";
import { registerHistory } from "./register-history.js";
import { registerImages } from "./register-images.js";
import { registerInstances } from "./register-instances.js";
import { registerLifecycle } from "./register-lifecycle.js";
import { registerListings } from "./register-listings.js";
import { registerLooking } from "./register-looking.js";
import { registerPublish } from "./register-publish.js";
import { registerRefused } from "./register-refused.js";
import { registerRun } from "./register-run.js";
import { registerUp } from "./register-up.js";

/** Adds `up`, `down`, `ps`, … to `program`. */
export function registerComposeCommands(program: Command, context: CliContext): void {
  program.commandsGroup("Run a project:");
  registerUp(program, context);
  registerDev(program, context);
  registerLifecycle(program, context);
  registerRun(program, context);
  program.commandsGroup("Look at a project:");
  registerLooking(program, context);
  registerListings(program, context);
  registerInstances(program, context);
  program.commandsGroup("Go back:");
  registerHistory(program, context);
  program.commandsGroup("Files and images of a project:");
  registerArchives(program, context);
  registerBuild(program, context);
  registerImages(program, context);
  registerConfig(program, context);
  registerPublish(program, context);
  registerRefused(program);
  for (const command of program.commands) {
    takeDryRun(command);
    takeReport(command);
  }
}

/** What takes the project's lock, or brings images, carries out plans. */
function takeReport(command: Command): void {
  const changes = command.options.some((option) => option.long === "--no-wait-lock");
  if (changes || command.name() === "build" || command.name() === "pull") command.addOption(reportOption());
}

/** docker compose takes `--dry-run` behind every command too. */
function takeDryRun(command: Command): void {
  const isThere = command.options.some((option) => option.long === "--dry-run");
  if (!isThere) command.addOption(new Option("--dry-run").hideHelp());
}
