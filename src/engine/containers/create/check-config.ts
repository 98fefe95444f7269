/** What of a container's configuration is refused, by Docker's texts. Pure. */
import { GantryError } from "../../../base/errors.js";
import type { ContainerConfig, HealthConfig } from "../../../wire/container.js";
import { signalNumber } from "../lifecycle/signals.js";

const leastNanos = 1_000_000;
const healthDurations = ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const;
const healthKinds = ["NONE", "CMD", "CMD-SHELL"];

/** `config` is merged with the image's. Throws "bad-parameter". */
export function checkConfig(config: ContainerConfig): void {
  if (config.StopSignal) signalNumber(config.StopSignal);
  if (config.WorkingDir && !config.WorkingDir.startsWith("/")) {
    refuse(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  for (const entry of config.Env ?? []) {
    if (entry === "" || entry.startsWith("=")) refuse(`invalid environment variable: ${entry}`);
  }
  for (const port of Object.keys(config.ExposedPorts ?? {})) {
    if (!/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/i.test(port)) refuse(`invalid exposed port: ${port}`);
  }
  checkHealthcheck(config.Healthcheck ?? {});
}

function checkHealthcheck(health: HealthConfig): void {
  const [kind] = health.Test ?? [];
  if (kind !== undefined && !healthKinds.includes(kind)) refuse(`Unknown healthcheck type: ${kind}`);
  for (const name of healthDurations) {
    const value = health[name] ?? 0;
    if (value !== 0 && value < leastNanos) refuse(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) refuse("Retries in Healthcheck cannot be negative");
}

function refuse(message: string): never {
  throw new GantryError("bad-parameter", message);
}
