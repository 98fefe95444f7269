/** A container's log as its readers get it. */
import { GantryError } from "../../../base/errors.js";
import type { LogOptions } from "../containers.js";
import type { Container } from "../lifecycle/container.js";
import { countsAsRunning } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import { logFiles, rotationLimits } from "./log-rotation.js";

/** Throws "bad-parameter" when neither stream is wanted, "not-supported" for a container that keeps no log. */
export function readContainerLog(
  rooms: Rooms,
  container: Container,
  { options, signal }: { options: LogOptions; signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const { hostConfig, config } = container.record;
  if (!options.stdout && !options.stderr) {
    throw new GantryError("bad-parameter", "Bad parameters: you must choose at least one stream");
  }
  if (hostConfig.LogConfig?.Type === "none") {
    throw new GantryError("not-supported", "configured logging driver does not support reading");
  }
  if (container.status === "dead" || container.status === "removing") {
    throw new GantryError("container-conflict", "can not get logs from container which is dead or marked for removal");
  }
  const follow = options.follow && countsAsRunning(container.status);
  return rooms.readLog({
    files: logFiles(rooms.paths.log(container.id), rotationLimits(hostConfig.LogConfig?.Config)),
    options: { ...options, follow },
    tty: config.Tty ?? false,
    ended: follow ? endOf(container, signal) : Promise.resolve(),
    signal,
  });
}

/** A follower that leaves also counts as an end: nobody waits any more. */
function endOf(container: Container, signal: AbortSignal): Promise<void> {
  return container.exits.next(signal).then(
    () => undefined,
    () => undefined,
  );
}
