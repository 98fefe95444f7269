/** Registers the commands on the engine and its objects: containers, images, volumes, networks. */
import type { Command } from "commander";
import type { CliContext } from "../../context.js";
import { registerContainerCommands } from "./container.register.js";
import { registerEngineCommands } from "./engine.register.js";
import { registerImageCommands, registerNetworkCommands, registerVolumeCommands } from "./objects.register.js";
import { registerUpkeepCommands } from "./upkeep.register.js";

/** Adds `version`, `doctor`, `engine`, `container`, `image`, `volume`, `network` and `system` to `program`. */
export function registerEngineObjects(program: Command, context: CliContext): void {
  registerEngineCommands(program, context);
  registerContainerCommands(program, context);
  registerImageCommands(program, context);
  registerVolumeCommands(program, context);
  registerNetworkCommands(program, context);
  registerUpkeepCommands(program, context);
}
