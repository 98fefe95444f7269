/** The other container that a mode such as `container:db` names. */
import type { Rooms } from "../rooms.js";
import type { Container } from "./container.js";

/** Undefined for every other mode. Throws "container-not-found". */
export function donorOf({ index }: Pick<Rooms, "index">, mode: string | undefined): Container | undefined {
  return mode?.startsWith("container:") ? index.find(mode.slice("container:".length)) : undefined;
}
