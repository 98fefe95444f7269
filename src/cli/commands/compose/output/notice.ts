/** What a command says on standard error beside its progress: a line for people, an event for programs. */
import { eventStreamVersion } from "../../../../apply/apply-events.js";
import type { CliContext } from "../../../context.js";

type Speaker = Pick<CliContext, "globals" | "env" | "clock" | "stderr">;

/** True when stderr is for programs: nothing but event lines may go there. */
export function printsJson({ globals, env }: Pick<CliContext, "globals" | "env">): boolean {
  return (globals.progress ?? env.COMPOSE_PROGRESS) === "json";
}

/** Something to know that stops nobody. `text` is what people get in place of `warning: MESSAGE` and its hint. */
export function warn(context: Speaker, message: string, { hint, text }: { hint?: string; text?: string } = {}): void {
  if (!printsJson(context)) {
    const below = hint === undefined ? "" : `\nhint: ${hint}`;
    return void context.stderr.write(`${text ?? `warning: ${message}${below}`}\n`);
  }
  const event = { version: eventStreamVersion, at: context.clock.now().toISOString(), kind: "warning", message, hint };
  context.stderr.write(`${JSON.stringify(event)}\n`);
}

/** A line for people alone: a program learns the same from the events. */
export function say(context: Speaker, line: string): void {
  if (!printsJson(context)) context.stderr.write(`${line}\n`);
}
