/** A container's log as its readers get it. */
import { GantryError } from "../../../base/errors.js";
import { readLog } from "../../supervisor/log-file.js";
import type { LogOptions } from "../containers.js";
import type { Container } from "../lifecycle/container.js";
import { countsAsRunning } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import { logDetails } from "./log-details.js";
import { logFiles, rotationLimits } from "./log-rotation.js";

/**
 * `raw`: both streams as they come, without frames. Throws "bad-parameter" when neither stream is wanted,
 * "not-supported" for a container that keeps no log.
 */
export function readContainerLog(
  { paths }: Pick<Rooms, "paths">,
  container: Container,
  { options, signal, raw = false }: { options: LogOptions; signal: AbortSignal; raw?: boolean },
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
  const files = logFiles(paths.log(container.id), rotationLimits(hostConfig.LogConfig?.Config));
  const ended = follow ? { ended: endOf(container, signal) } : {};
  const prefix = options.details ? `${logDetails(config, hostConfig.LogConfig?.Config)} ` : "";
  return readLog(files, { ...options, follow, prefix, tty: raw || config.Tty === true, ...ended }, signal);
}

/** Aborted at the next exit; a follower that leaves stops waiting for it. */
function endOf(container: Container, signal: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const end = () => ended.abort();
  container.exits.next(signal).then(end, end);
  return ended.signal;
}
