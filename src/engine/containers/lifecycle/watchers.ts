/** What accompanies a running container inside the engine: its health checks and its log's rotation. */

import type { HealthState } from "../../../wire/container.js";
import { type CommandProbe, checkOf, healthWatchOf } from "../health/container-health.js";
import { Healer } from "../health/healer.js";
import { startingHealth } from "../health/health-state.js";
import { LogRotation, rotationLimits } from "../logs/log-rotation.js";
import type { ContainerRecord } from "../record/container-record.js";
import { withState } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import type { Container } from "./container.js";
import { announce } from "./notices.js";

/** What watching sets in motion. */
export interface WatchersWork {
  readonly probe: CommandProbe;
  /** Ends the run of an unhealthy container so that another one follows. Never throws. */
  readonly heal: (container: Container, facts: { attempt: number; limit: number }) => void;
}

export class Watchers {
  readonly #rooms: Rooms;
  readonly #work: WatchersWork;

  constructor(rooms: Rooms, work: WatchersWork) {
    this.#rooms = rooms;
    this.#work = work;
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
    container.healer?.forget();
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
    const onHealth = (health: HealthState) => void this.#keep(container, health);
    container.health = healthWatchOf(this.#rooms, container, { check, probe: this.#work.probe, onHealth });
    container.health.start();
    const { health } = container.record.state;
    if (health) this.#considerHealing(container, health);
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
      if (container.health === monitor) this.#considerHealing(container, health);
    } catch (error) {
      this.#rooms.report(`The health of container ${container.record.name}`, error);
    }
  }

  #considerHealing(container: Container, { Status }: HealthState): void {
    const { GantryHeal } = container.record.hostConfig;
    if (!GantryHeal) return;
    container.healer ??= new Healer({
      monotonicMs: () => this.#rooms.clock.monotonicMs(),
      restart: (facts) => this.#work.heal(container, facts),
      giveUp: ({ limit }) => announce(this.#rooms, container.record, "heal_give_up", { limit: String(limit) }),
    });
    container.healer.consider(GantryHeal, Status);
  }
}
