/** Registers `container …`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { registerPrune } from "../system.register.js";
import { registerChanging } from "./register-changing.js";
import { registerLooking } from "./register-looking.js";
import { registerRun } from "./register-run.js";

/** Adds it to `program`. */
export function registerContainerCommands(program: Command, context: CliContext): void {
  const container = program.command("container").description("run and manage single containers");
  registerRun(container, context);
  registerLooking(container, context);
  registerChanging(container, context);
  registerPrune(container, context, { name: "container", kind: "containers" });
}
