/** Probes and healing of a service as the engine is asked for them. Pure. */
import type { HealSpec, ProbeSpec } from "../../compose/extension.js";
import type { HealConfig, ProbeConfig } from "../../wire/watchdog.js";
import { when } from "./when.js";

export function probeConfig({ http, tcp, log, ...times }: ProbeSpec): ProbeConfig {
  return {
    ...(http
      ? {
          Http: {
            Port: http.port,
            ...when("Path", http.path),
            ...when("Scheme", http.scheme),
            ...(http.status.length > 0 ? { Status: [...http.status] } : {}),
          },
        }
      : {}),
    ...(tcp === undefined ? {} : { Tcp: { Port: tcp } }),
    ...(log === undefined ? {} : { Log: { Pattern: log } }),
    ...when("Interval", times.interval),
    ...when("Timeout", times.timeout),
    ...when("StartPeriod", times.start_period),
    ...when("StartInterval", times.start_interval),
    ...when("Retries", times.retries),
  };
}

export function healConfig({ after, attempts, window }: HealSpec): HealConfig {
  return { ...when("After", after), ...when("Attempts", attempts), ...when("Window", window) };
}
