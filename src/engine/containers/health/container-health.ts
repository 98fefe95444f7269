/** Starts what watches over the health of one container's run, whichever kind of check it has. Touches the world. */
import { deadline } from "../../../base/deadline.js";
import type { Container } from "../lifecycle/container.js";
import { donorOf } from "../lifecycle/donors.js";
import { readContainerLog } from "../logs/container-log.js";
import { type ContainerRecord, zeroTime } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";
import { HealthMonitor, type HealthWatch } from "./health-monitor.js";
import {
  type CommandCheck,
  type HealthCheck,
  healthCheckOf,
  type LogCheck,
  lateText,
  type OutsideCheck,
  type ProbeResult,
  probeCheckOf,
  startingHealth,
} from "./health-state.js";
import { LogHealth } from "./log-health.js";
import { probeOutside } from "./outside-probe.js";

/** Runs a check's command in the container. */
export type CommandProbe = (container: Container, check: CommandCheck, signal: AbortSignal) => Promise<ProbeResult>;

/** A probe from outside goes before the container's own check and the image's. */
export function checkOf({ config, hostConfig }: ContainerRecord): HealthCheck | undefined {
  return probeCheckOf(hostConfig.GantryProbe) ?? healthCheckOf(config.Healthcheck, config.Shell ?? undefined);
}

/** Not started yet. Goes on from the health in the record, for a run that an earlier engine began. */
export function healthWatchOf(
  rooms: Rooms,
  container: Container,
  { check, probe, onHealth }: { check: HealthCheck; probe: CommandProbe; onHealth: HealthWatchTold },
): HealthWatch {
  const { clock } = rooms;
  const beganMs = container.startedAtMs ?? clock.monotonicMs();
  const health = container.record.state.health ?? startingHealth;
  if (check.kind === "log") return logHealth(rooms, container, { check, health, beganMs, onHealth });
  return new HealthMonitor({
    ...{ check, clock, beganMs, health, onHealth },
    probe: (_check, signal) =>
      check.kind === "command" ? probe(container, check, signal) : askOutside(rooms, container, { check, signal }),
    isPaused: () => container.status === "paused",
  });
}

type HealthWatchTold = (health: HealthWatch["health"]) => void;

function logHealth(
  rooms: Rooms,
  container: Container,
  facts: { check: LogCheck; health: HealthWatch["health"]; beganMs: number; onHealth: HealthWatchTold },
): HealthWatch {
  // Not from the recorded start on: what a process says at once is older than the record of its start.
  const { finishedAt } = container.record.state;
  const since = finishedAt === zeroTime ? {} : { since: Date.parse(finishedAt) / 1000 };
  const options = { stdout: true, stderr: true, follow: true, timestamps: false, ...since };
  return new LogHealth({
    pattern: facts.check.pattern,
    withinMs: facts.check.startPeriodMs,
    sinceStartMs: rooms.clock.monotonicMs() - facts.beganMs,
    health: facts.health,
    follow: (signal) => readContainerLog(rooms, container, { options, signal, raw: true }),
    now: () => rooms.clock.now(),
    onHealth: facts.onHealth,
  });
}

async function askOutside(
  rooms: Rooms,
  container: Container,
  { check, signal }: { check: OutsideCheck; signal: AbortSignal },
): Promise<ProbeResult> {
  const startedAt = rooms.clock.now();
  using late = deadline(check.timeoutMs, [signal]);
  const address = addressOf(rooms, container.record);
  const outcome = address
    ? await probeOutside(check, address, late.signal)
    : { exitCode: 1, output: `Container ${container.record.name} has no address to be probed at` };
  signal.throwIfAborted();
  const endedAt = rooms.clock.now();
  if (!late.isOver) return { startedAt, endedAt, ...outcome };
  return { startedAt, endedAt, exitCode: -1, output: lateText(check) };
}

/** Where the container's ports answer, as this host reaches them. */
function addressOf(rooms: Rooms, { hostConfig, state }: ContainerRecord): string | undefined {
  if (hostConfig.NetworkMode === "host") return "127.0.0.1";
  const sandbox = donorOf(rooms, hostConfig.NetworkMode)?.record.state.sandbox ?? state.sandbox;
  const endpoints = Object.values(sandbox?.endpoints ?? {});
  return endpoints.map(({ IPAddress, GlobalIPv6Address }) => IPAddress || GlobalIPv6Address).find(Boolean);
}
