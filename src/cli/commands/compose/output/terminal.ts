/** What the terminal, the flags and the environment allow: colour, a moving view, plain lines. */
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";

export type ProgressMode = "tty" | "plain" | "json" | "quiet";

/** A small change is told in a few lines: loading a view would take longer than carrying it out. */
const fewOperations = 4;

/** `--ansi` first, then `COMPOSE_ANSI`, then NO_COLOR and whether `stream` is a terminal. */
export function wantsColor({ globals, env }: CliContext, stream: NodeJS.WriteStream): boolean {
  const ansi = globals.ansi ?? env.COMPOSE_ANSI;
  if (ansi === "always") return true;
  return ansi !== "never" && !env.NO_COLOR && stream.isTTY === true && env.TERM !== "dumb";
}

/** Throws "bad-usage" for flags that exclude each other. */
export function progressMode(
  context: CliContext,
  { operations, asked }: { operations: number; asked?: string | undefined },
): ProgressMode {
  const { globals, env, stderr } = context;
  const wanted = asked ?? globals.progress ?? env.COMPOSE_PROGRESS ?? "auto";
  if (wanted === "tty" && globals.ansi === "never") {
    throw new GantryError("bad-usage", "can't use --progress tty while ANSI support is disabled");
  }
  if (wanted === "plain" && globals.ansi === "always") {
    throw new GantryError("bad-usage", "can't use --progress plain while ANSI support is forced");
  }
  if (wanted === "tty" || wanted === "plain" || wanted === "json") return wanted;
  if (wanted === "quiet" || wanted === "none") return "quiet";
  if (!stderr.isTTY || env.CI || !wantsColor(context, stderr)) return "plain";
  return operations > fewOperations ? "tty" : "plain";
}
