/** Events as docker prints them. Pure. */
import type { EngineEvent } from "../../../wire/system.js";

/** `2026-01-31T12:00:00.000000000Z container start 0123… (image=web, name=web)`. */
export function eventLine({ Type, Action, Actor, timeNano, time }: EngineEvent): string {
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const words = [eventTime({ time, timeNano }), Type, Action, Actor.ID].join(" ");
  return attributes.length > 0 ? `${words} (${attributes.join(", ")})` : words;
}

type EventTime = Pick<EngineEvent, "time" | "timeNano">;

/** RFC 3339 with nine digits, in UTC. */
export function eventTime(event: EventTime): string {
  return `${new Date(event.time * 1000).toISOString().slice(0, 19)}.${microsecondsOf(event)}000Z`;
}

/** Six digits: of nanoseconds since the epoch a number of JavaScript holds no more. */
export function microsecondsOf({ time, timeNano }: EventTime): string {
  const micros = Math.round((timeNano - time * 1e9) / 1000);
  return String(Math.max(0, Math.min(999_999, micros))).padStart(6, "0");
}

/** An event by the names that docker's templates use: `{{.Actor.Attributes.name}}`, `{{.Time}}`. */
export function eventShape({ Type, Action, Actor, scope, time, timeNano, status, id, from }: EngineEvent) {
  return {
    ...{ Status: status ?? "", ID: id ?? "", From: from ?? "" },
    ...{ Type, Action, Actor: { ID: Actor.ID, Attributes: new Map(Object.entries(Actor.Attributes)) } },
    ...{ Scope: scope, Time: time, TimeNano: timeNano },
  };
}
