/** Small readers of flags that may not have been used. Pure. */
import { parseBytes, parseDuration, parseInteger } from "../../../../options.js";

/** Without the members that are undefined: the engine's default holds for what was not said. */
export function optional<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

/** Throws "bad-parameter". */
export function whole(text: string | undefined, flag: string): number | undefined {
  return text === undefined ? undefined : parseInteger(text, flag);
}

/** -1 stands for "no limit". Throws "bad-parameter". */
export function size(text: string | undefined, flag: string): number | undefined {
  return text === undefined ? undefined : text === "-1" ? -1 : parseBytes(text, flag);
}

/** Nanoseconds. Throws "bad-parameter". */
export function duration(text: string | undefined, flag: string): number | undefined {
  return text === undefined ? undefined : parseDuration(text, flag);
}

/** A copy that may be changed; undefined stays so. */
export function copy(list: readonly string[] | undefined): string[] | undefined {
  return list && [...list];
}
