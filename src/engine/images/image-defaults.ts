/** The defaults for containers in an image's configuration, narrowed field by field. Does not touch the world. */
import { isRecord } from "../../base/json.js";
import type { ContainerConfig, HealthConfig } from "../../wire/container.js";

/** Fields of another type than the specification's are left out: an image is written by anybody. */
export function imageDefaults(config: Readonly<Record<string, unknown>>): ContainerConfig {
  return dropUndefined({
    User: textOf(config.User),
    ExposedPorts: setOf(config.ExposedPorts),
    Env: textsOf(config.Env),
    Cmd: textsOf(config.Cmd),
    Entrypoint: textsOf(config.Entrypoint),
    Healthcheck: healthOf(config.Healthcheck),
    Volumes: setOf(config.Volumes),
    WorkingDir: textOf(config.WorkingDir),
    OnBuild: textsOf(config.OnBuild),
    Labels: labelsOf(config.Labels),
    StopSignal: textOf(config.StopSignal),
    StopTimeout: numberOf(config.StopTimeout),
    Shell: textsOf(config.Shell),
  });
}

function healthOf(value: unknown): HealthConfig | undefined {
  if (!isRecord(value)) return undefined;
  return dropUndefined({
    Test: textsOf(value.Test),
    Interval: numberOf(value.Interval),
    Timeout: numberOf(value.Timeout),
    StartPeriod: numberOf(value.StartPeriod),
    StartInterval: numberOf(value.StartInterval),
    Retries: numberOf(value.Retries),
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function textsOf(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}

function setOf(value: unknown): Record<string, object> | undefined {
  return isRecord(value) ? Object.fromEntries(Object.keys(value).map((key) => [key, {}])) : undefined;
}

function labelsOf(value: unknown): Record<string, string> | undefined {
  if (!isRecord(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function dropUndefined<T extends object>(value: T): Partial<Defined<T>> {
  const defined = Object.entries(value).filter(([, member]) => member !== undefined);
  // Object.fromEntries forgets the keys' types; they are T's.
  return Object.fromEntries(defined) as Partial<Defined<T>>;
}
