/** Registers the commands on the engine and its objects: containers, images, volumes, networks. */
import type { Command } from "commander";
import { registerCompletion } from "../../completion/register-completion.js";
import type { CliContext } from "../../context.js";
import { withExamplesOfMembers } from "../../help.js";
import { registerContainerCommands } from "./container/register-container.js";
import { registerDialStdio, registerEngineCommands } from "./engine.register.js";
import { registerImageCommands } from "./image/register-image.js";
import { registerBuilder } from "./image/register-image-build.js";
import { registerInspect, registerLogin } from "./login.register.js";
import { registerNetworkCommands } from "./network/register-network.js";
import { registerSystemCommands } from "./system.register.js";
import { registerVolumeCommands } from "./volume/register-volume.js";

/** Adds `version`, `doctor`, `engine`, `container`, `image`, `volume`, `network`, `system`, `login` … to `program`. */
export function registerEngineObjects(program: Command, context: CliContext): void {
  program.commandsGroup("The engine and its objects:");
  registerEngineCommands(program, context);
  registerContainerCommands(program, context);
  registerImageCommands(program, context);
  registerBuilder(program, context);
  registerVolumeCommands(program, context);
  registerNetworkCommands(program, context);
  registerSystemCommands(program, context);
  registerDialStdio(program, context);
  registerLogin(program, context);
  registerInspect(program, context);
  registerCompletion(program, context);
  for (const command of program.commands) withExamplesOfMembers(command);
}
