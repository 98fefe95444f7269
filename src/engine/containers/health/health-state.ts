/**
 * How probe results become a container's health, as Docker has it.
 *
 * Pure. `health-monitor.ts` runs the probes and keeps the timers.
 */
import type { HealthConfig, HealthState } from "../../../wire/container.js";

/** A check with every default filled in; times in milliseconds. */
export interface HealthCheck {
  /** The command line of the probe. */
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

/** One probe. `exitCode` -1 means it took too long or could not be run. */
export interface ProbeResult {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly exitCode: number;
  readonly output: string;
}

const keptResults = 5;
const nanosPerMs = 1e6;
const defaults = { intervalMs: 30_000, timeoutMs: 30_000, startIntervalMs: 5_000, retries: 3 };

/** The state at each start of the container. */
export const startingHealth: HealthState = { Status: "starting", FailingStreak: 0, Log: [] };

/** The check that `config` asks for; undefined for none and for `["NONE"]`. `shell` runs `CMD-SHELL`. */
export function healthCheckOf(
  config: HealthConfig | null | undefined,
  shell: readonly string[] = ["/bin/sh", "-c"],
): HealthCheck | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (!config || kind === undefined || kind === "NONE") return undefined;
  const command = kind === "CMD-SHELL" ? [...shell, rest.join(" ")] : rest;
  if (command.length === 0) return undefined;
  return {
    command,
    intervalMs: millis(config.Interval, defaults.intervalMs),
    timeoutMs: millis(config.Timeout, defaults.timeoutMs),
    startPeriodMs: millis(config.StartPeriod, 0),
    startIntervalMs: millis(config.StartInterval, defaults.startIntervalMs),
    retries: config.Retries || defaults.retries,
  };
}

/** How long to wait before the next probe: shorter steps while the container may still be starting. */
export function nextProbeDelayMs(check: HealthCheck, health: HealthState, sinceStartMs: number): number {
  const starting = health.Status === "starting" && sinceStartMs < check.startPeriodMs;
  return starting ? Math.min(check.startIntervalMs, check.intervalMs) : check.intervalMs;
}

/** The health after one more probe. Failures inside the start period count only once it has been healthy. */
export function afterProbe(
  health: HealthState,
  probe: ProbeResult,
  { check, sinceStartMs }: { check: HealthCheck; sinceStartMs: number },
): HealthState {
  const entry = {
    Start: probe.startedAt.toISOString(),
    End: probe.endedAt.toISOString(),
    ExitCode: probe.exitCode,
    Output: probe.output,
  };
  const Log = [...health.Log, entry].slice(-keptResults);
  if (probe.exitCode === 0) return { Status: "healthy", FailingStreak: 0, Log };
  const forgiven = health.Status === "starting" && sinceStartMs < check.startPeriodMs;
  const FailingStreak = forgiven ? health.FailingStreak : health.FailingStreak + 1;
  return { Status: FailingStreak >= check.retries ? "unhealthy" : health.Status, FailingStreak, Log };
}

function millis(nanos: number | undefined, fallback: number): number {
  return nanos ? nanos / nanosPerMs : fallback;
}
