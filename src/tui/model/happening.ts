/** An engine's event in the words of the services screen. Pure. */
import { printable } from "../../base/printable.js";
import { composeLabels } from "../../wire/labels.js";
import type { EngineEvent } from "../../wire/system.js";
import type { Happening } from "./state/console-state.js";

const words: Readonly<Record<string, readonly [text: string, tone: Happening["tone"]]>> = {
  create: ["created", "plain"],
  start: ["started", "good"],
  restart: ["restarted", "good"],
  stop: ["stopped", "plain"],
  pause: ["paused", "wait"],
  unpause: ["goes on", "good"],
  oom: ["out of memory", "bad"],
  destroy: ["removed", "plain"],
  "health_status: healthy": ["healthy", "good"],
  "health_status: unhealthy": ["unhealthy", "bad"],
};

/** Undefined for what only causes or follows something else. */
export function happeningOf({ Type, Action, Actor, timeNano }: EngineEvent): Happening | undefined {
  if (Type !== "container") return undefined;
  const { Attributes } = Actor;
  const service = printable(Attributes[composeLabels.service] ?? Attributes.name ?? "");
  const number = Number(Attributes[composeLabels.containerNumber] ?? 1);
  const about = { atMs: timeNano / 1e6, service: number > 1 ? `${service} ${number}` : service };
  if (Action === "die") {
    const code = Attributes.exitCode ?? "";
    return { ...about, text: `ended with code ${code}`, tone: code === "0" ? "plain" : "bad" };
  }
  const known = words[Action];
  return known && { ...about, text: known[0], tone: known[1] };
}
