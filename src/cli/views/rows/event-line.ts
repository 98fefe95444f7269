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

/** RFC 3339 with nine digits, in UTC; a number holds about seven of them. */
export function eventTime({ time, timeNano }: Pick<EngineEvent, "time" | "timeNano">): string {
  const nanos = Math.max(0, Math.min(999_999_999, timeNano - time * 1e9));
  return `${new Date(time * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, "0")}Z`;
}

/** An event by the names that docker's templates use: `{{.Actor.Attributes.name}}`, `{{.Time}}`. */
export function eventShape({ Type, Action, Actor, scope, time, timeNano, status, id, from }: EngineEvent) {
  return {
    ...{ Status: status ?? "", ID: id ?? "", From: from ?? "" },
    ...{ Type, Action, Actor: { ID: Actor.ID, Attributes: new Map(Object.entries(Actor.Attributes)) } },
    ...{ Scope: scope, Time: time, TimeNano: timeNano },
  };
}
