/** `gantry events`: what happens to the project's containers. */
import { printable } from "../../../../base/printable.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { EngineEvent } from "../../../../wire/system.js";
import type { CliContext } from "../../../context.js";
import { writeOut } from "../../../listing.js";
import { parseMoment } from "../../../options.js";
import { eventTime, microsecondsOf } from "../../../views/rows/event-line.js";
import { goTime } from "../../../views/rows/go-time.js";
import { loadProjectOrName } from "../load.js";

/** Container events, one-offs' left out, until `--until` or Ctrl-C. */
export async function events(
  context: CliContext,
  flags: { json?: boolean; since?: string; until?: string },
  services: readonly string[],
): Promise<void> {
  const known = await loadProjectOrName(context);
  if (!known) return;
  const client = await context.connect();
  const moment = (text: string, what: string) => parseMoment(text, { now: context.clock.now(), what });
  const query = {
    filters: { type: ["container"], label: [`${composeLabels.project}=${known.name}`] },
    ...(flags.since === undefined ? {} : { since: moment(flags.since, "--since") }),
    ...(flags.until === undefined ? {} : { until: moment(flags.until, "--until") }),
  };
  for await (const event of client.system.events(query, { signal: context.signal })) {
    const { Attributes } = event.Actor;
    const service = Attributes[composeLabels.service] ?? "";
    if (Attributes[composeLabels.oneoff] === "True" || (services.length > 0 && !services.includes(service))) continue;
    await writeOut(context.stdout, flags.json ? jsonLine(event, service) : textLine(event));
  }
}

function jsonLine(event: EngineEvent, service: string): string {
  const { Action: action, Actor } = event;
  const attributes = Object.fromEntries(ownAttributes(event));
  const time = eventTime(event).replace(/\.?0+Z$/, "Z");
  return `${JSON.stringify({ action, attributes, id: Actor.ID, service, time, type: "container" })}\n`;
}

function textLine(event: EngineEvent): string {
  const pairs = ownAttributes(event).map(([key, value]) => `${key}=${value}`);
  const at = `${goTime(new Date(event.time * 1000)).slice(0, 19)}.${microsecondsOf(event)}`;
  return `${printable(`${at} container ${event.Action} ${event.Actor.ID} (${pairs.join(", ")})`)}\n`;
}

/** Without Compose's own labels, and Gantry's beside them. */
function ownAttributes({ Actor }: EngineEvent): Array<[string, string]> {
  return Object.entries(Actor.Attributes)
    .filter(([key]) => !/^(com\.docker\.compose|gantry)\./.test(key))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
