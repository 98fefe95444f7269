/**
 * How probe results become a container's health, as Docker has it.
 *
 * Pure. `health-monitor.ts` runs the probes and keeps the timers.
 */
import type { HealthConfig, HealthState } from "../../../wire/container.js";
import type { ProbeConfig } from "../../../wire/watchdog.js";

/** A check with every default filled in; times in milliseconds. */
export type HealthCheck = CommandCheck | OutsideCheck | LogCheck;

/** Runs in the container. */
export interface CommandCheck extends CheckTimes {
  readonly kind: "command";
  readonly command: readonly string[];
}

/** Asks at the container's own address. `status` empty: 200 to 399. */
export type OutsideCheck = CheckTimes &
  (
    | {
        readonly kind: "http";
        readonly scheme: "http" | "https";
        readonly port: number;
        readonly path: string;
        readonly status: readonly number[];
      }
    | { readonly kind: "tcp"; readonly port: number }
  );

/** Looks at the output; the line has to come within the start period. */
export interface LogCheck extends CheckTimes {
  readonly kind: "log";
  readonly pattern: string;
}

interface CheckTimes {
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
/** A probe from outside costs no process, so it may come often, and soon after the start. */
const outsideDefaults = { intervalMs: 10_000, timeoutMs: 5_000, startIntervalMs: 200, retries: 3 };
const startPeriodMs = { outside: 30_000, log: 60_000 };

/** The state at each start of the container. */
export const startingHealth: HealthState = { Status: "starting", FailingStreak: 0, Log: [] };

/** The check that `config` asks for; undefined for none and for `["NONE"]`. `shell` runs `CMD-SHELL`. */
export function healthCheckOf(
  config: HealthConfig | null | undefined,
  shell: readonly string[] = ["/bin/sh", "-c"],
): CommandCheck | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (!config || kind === undefined || kind === "NONE") return undefined;
  const command = kind === "CMD-SHELL" ? [...shell, rest.join(" ")] : rest;
  if (command.length === 0) return undefined;
  return { kind: "command", command, ...timesOf(config, { ...defaults, startPeriodMs: 0 }) };
}

/** The check that a probe from outside of the container is; undefined for none. */
export function probeCheckOf(config: ProbeConfig | null | undefined): OutsideCheck | LogCheck | undefined {
  if (!config) return undefined;
  const { Http, Tcp, Log } = config;
  const usual = startPeriodMs[Log ? "log" : "outside"];
  // 0 is none, unlike in Docker's checks, whose default that is.
  const period = config.StartPeriod === undefined ? usual : config.StartPeriod / nanosPerMs;
  const times = { ...timesOf(config, { ...outsideDefaults, startPeriodMs: usual }), startPeriodMs: period };
  if (Log) return { kind: "log", pattern: Log.Pattern, ...times };
  if (Tcp) return { kind: "tcp", port: Tcp.Port, ...times };
  if (!Http) return undefined;
  const scheme = Http.Scheme === "https" ? "https" : "http";
  return { kind: "http", scheme, port: Http.Port, path: Http.Path || "/", status: Http.Status ?? [], ...times };
}

function timesOf(config: Omit<ProbeConfig, "Http" | "Tcp" | "Log">, otherwise: CheckTimes): CheckTimes {
  return {
    intervalMs: millis(config.Interval, otherwise.intervalMs),
    timeoutMs: millis(config.Timeout, otherwise.timeoutMs),
    startPeriodMs: millis(config.StartPeriod, otherwise.startPeriodMs),
    startIntervalMs: millis(config.StartInterval, otherwise.startIntervalMs),
    retries: config.Retries || otherwise.retries,
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

/** What is told of a probe that took too long, in Docker's words. */
export function lateText({ timeoutMs }: HealthCheck): string {
  return `Health check exceeded timeout (${goDuration(timeoutMs)})`;
}

/** Go's spelling of a duration of whole or broken seconds, as Docker's text has it. */
function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
