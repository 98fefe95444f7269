/** What accompanies a running container inside the engine: its health checks and its log's rotation. */

import type { HealthState } from "../../../wire/container.js";
import { HealthMonitor } from "../health/health-monitor.js";
import { type HealthCheck, healthCheckOf, type ProbeResult, startingHealth } from "../health/health-state.js";
import { LogRotation, rotationLimits } from "../logs/log-rotation.js";
import type { ContainerRecord } from "../record/container-record.js";
import { withState } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import type { Container } from "./container.js";
import { announce } from "./notices.js";

export type Probe = (container: Container, check: HealthCheck, signal: AbortSignal) => Promise<ProbeResult>;

export class Watchers {
  readonly #rooms: Rooms;
  readonly #probe: Probe;

  constructor(rooms: Rooms, probe: Probe) {
    this.#rooms = rooms;
    this.#probe = probe;
  }

  /** What a run begins with: `starting`, or nothing without a check. */
  initialHealth(record: ContainerRecord): HealthState | undefined {
    return checkOf(record) ? startingHealth : undefined;
  }

  /** Begins, also for a container that an earlier engine started: its health goes on from the record. */
  watch(container: Container): void {
    this.unwatch(container);
    this.#watchHealth(container);
    const { hostConfig, name } = container.record;
    if (hostConfig.LogConfig?.Type === "none") return;
    const reopen = () =>
      this.#rooms.supervisor
        .reopenLog(container.id)
        .catch((error: unknown) => this.#rooms.report(`The log of container ${name} could not be opened anew`, error));
    container.rotation = new LogRotation(
      this.#rooms.paths.log(container.id),
      rotationLimits(hostConfig.LogConfig?.Config),
      reopen,
    );
    container.rotation.start();
  }

  unwatch(container: Container): void {
    container.health?.stop();
    container.rotation?.stop();
    container.health = undefined;
    container.rotation = undefined;
  }

  close(): void {
    for (const container of this.#rooms.index.all()) this.unwatch(container);
  }

  #watchHealth(container: Container): void {
    const check = checkOf(container.record);
    if (!check) return;
    const { state } = container.record;
    container.health = new HealthMonitor({
      check,
      clock: this.#rooms.clock,
      beganMs: container.startedAtMs ?? this.#rooms.clock.monotonicMs(),
      health: state.health ?? startingHealth,
      probe: (wanted, signal) => this.#probe(container, wanted, signal),
      isPaused: () => container.status === "paused",
      onHealth: (health) => void this.#keep(container, health),
    });
    container.health.start();
  }

  /** Only a change of status is worth a durable write and an event; results between are kept in memory. */
  async #keep(container: Container, health: HealthState): Promise<void> {
    const monitor = container.health;
    if (health.Status === container.record.state.health?.Status) return;
    try {
      await container.lock.run(async () => {
        if (!hasProcess(container.status) || container.health !== monitor) return;
        await this.#rooms.index.save(container, withState(container.record, { health }));
        announce(this.#rooms, container.record, `health_status: ${health.Status}`);
      });
    } catch (error) {
      this.#rooms.report(`The health of container ${container.record.name}`, error);
    }
  }
}

function checkOf({ config }: ContainerRecord): HealthCheck | undefined {
  return healthCheckOf(config.Healthcheck, config.Shell ?? undefined);
}
