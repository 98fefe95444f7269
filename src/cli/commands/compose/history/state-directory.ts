/** Where the tool keeps what it knows for its user, beside what the engine keeps. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { CliContext } from "../../../context.js";

/** `$XDG_STATE_HOME/gantry`, by default `~/.local/state/gantry`. It may not be there yet. */
export function stateDirectory({ env }: Pick<CliContext, "env">): string {
  const { XDG_STATE_HOME = "", HOME } = env;
  return join(isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : join(HOME || homedir(), ".local/state"), "gantry");
}
