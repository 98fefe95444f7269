/** How a container is made to end or to hold still: stop, kill, pause. Decides by state, under the container's lock. */

import { sleep } from "../../../base/clock.js";
import { GantryError } from "../../../base/errors.js";
import type { WaitReply } from "../../../wire/container.js";
import { type ContainerRecord, withState } from "../record/container-record.js";
import { countsAsRunning, hasProcess, nextStatus } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import type { Container } from "./container.js";
import type { Lifecycle } from "./lifecycle.js";
import { announce } from "./notices.js";
import { asksToEnd, signalNumber } from "./signals.js";

const defaultGraceS = 10;
/** SIGKILL ends a process at once, unless it hangs in the kernel; then somebody should be told. */
const killPatienceMs = 10_000;
const killSignal = 9;

/** False when it was not running. Cancels a restart that is due. */
export async function stopContainer(
  { rooms, lifecycle }: { rooms: Rooms; lifecycle: Lifecycle },
  container: Container,
  { timeoutS, signal }: { timeoutS?: number; signal?: string },
): Promise<boolean> {
  const number = signal ? signalNumber(signal) : stopSignalOf(container.record);
  const asked = await container.lock.run(async () => {
    if (container.status === "restarting") {
      await lifecycle.cancelRestart(container);
      announce(rooms, container.record, "stop");
      return "cancelled";
    }
    if (!hasProcess(container.status)) return "not-running";
    await lifecycle.markStop(container);
    return { exited: await sendSignal(rooms, container, number) };
  });
  if (typeof asked === "string") return asked === "cancelled";
  await endWithGrace(rooms, container, {
    exited: asked.exited,
    ...(timeoutS === undefined ? {} : { graceS: timeoutS }),
  });
  announce(rooms, container.record, "stop");
  return true;
}

/** Waits for a run that was asked to end, and kills it when the grace is over. */
export async function endWithGrace(
  rooms: Rooms,
  container: Container,
  { exited, graceS }: { exited: readonly Promise<WaitReply>[]; graceS?: number },
): Promise<void> {
  const grace = graceS ?? container.record.config.StopTimeout ?? defaultGraceS;
  if (!(await endsWithin(exited, grace))) await killAndWait(rooms, container, exited);
}

/** Throws "container-not-running". SIGKILL resolves when the container has ended, other signals when they are sent. */
export async function killContainer(
  { rooms, lifecycle }: { rooms: Rooms; lifecycle: Lifecycle },
  container: Container,
  signal: string,
): Promise<void> {
  const number = signalNumber(signal || "KILL");
  const sent = await container.lock.run(async () => {
    if (container.status === "restarting") return lifecycle.cancelRestart(container);
    if (!hasProcess(container.status)) {
      const { id, name } = container.record;
      throw new GantryError("container-not-running", `Cannot kill container: ${name}: Container ${id} is not running`);
    }
    if (asksToEnd(number, stopSignalOf(container.record))) await lifecycle.markStop(container);
    return { exited: await sendSignal(rooms, container, number) };
  });
  if (sent && number === killSignal) await endsOrThrow(container, sent.exited);
}

/** Ends it at once if it runs: for a removal by force. */
export async function forceEnd(
  { rooms, lifecycle }: { rooms: Rooms; lifecycle: Lifecycle },
  container: Container,
): Promise<void> {
  const sent = await container.lock.run(async () => {
    if (container.status === "restarting") return lifecycle.cancelRestart(container);
    if (!hasProcess(container.status)) return undefined;
    await lifecycle.markStop(container);
    return { exited: await sendSignal(rooms, container, killSignal) };
  });
  if (sent) await endsOrThrow(container, sent.exited);
}

/** Freezes or thaws every process. Throws "container-conflict" and "container-not-running" with Docker's texts. */
export function setPaused(rooms: Rooms, container: Container, isPaused: boolean): Promise<void> {
  return container.lock.run(async () => {
    const { id, status } = container;
    const next = nextStatus(status, isPaused ? "pause" : "unpause");
    if (!next) throw pauseRefusal(container, isPaused);
    await (isPaused ? rooms.supervisor.pause(id) : rooms.supervisor.resume(id));
    await rooms.index.save(container, withState(container.record, { status: next }));
    announce(rooms, container.record, isPaused ? "pause" : "unpause");
  });
}

/** The signal that `stop` sends. */
export function stopSignalOf({ config }: ContainerRecord): number {
  return signalNumber(config.StopSignal || "TERM");
}

function pauseRefusal({ id, status }: Container, isPaused: boolean): GantryError {
  if (!isPaused) return new GantryError("container-conflict", `Container ${id} is not paused`);
  if (status === "paused") return new GantryError("container-conflict", `Container ${id} is already paused`);
  if (countsAsRunning(status)) {
    return new GantryError("container-conflict", `Container ${id} is restarting, wait until the container is running`);
  }
  return new GantryError("container-not-running", `Container ${id} is not running`);
}

/**
 * The promise of the exit is made before the signal is sent. A frozen process is thawed: it could not act otherwise.
 */
export async function sendSignal(rooms: Rooms, container: Container, signal: number): Promise<Promise<WaitReply>[]> {
  const { process } = container.record.state;
  const exited = container.exits.next();
  if (process) rooms.supervisor.kill(process, signal);
  announce(rooms, container.record, "kill", { signal: String(signal) });
  if (container.status === "paused") {
    await rooms.supervisor.resume(container.id);
    await rooms.index.save(container, withState(container.record, { status: "running" }));
  }
  // In a list, because an async function would wait for a bare promise.
  return [exited];
}

async function killAndWait(rooms: Rooms, container: Container, exited: readonly Promise<WaitReply>[]): Promise<void> {
  const { process } = container.record.state;
  if (process) rooms.supervisor.kill(process, killSignal);
  announce(rooms, container.record, "kill", { signal: String(killSignal) });
  await endsOrThrow(container, exited);
}

async function endsOrThrow(container: Container, exited: readonly Promise<WaitReply>[]): Promise<void> {
  if (await endsWithin(exited, killPatienceMs / 1000)) return;
  throw new GantryError(
    "internal",
    `Container ${container.id} did not end within ${killPatienceMs / 1000} s of SIGKILL`,
    {
      hint: "A process of it may hang in the kernel, for example on a file server that does not answer.",
    },
  );
}

/** `graceS` below zero waits for ever. */
async function endsWithin(exited: readonly Promise<WaitReply>[], graceS: number): Promise<boolean> {
  const ended = Promise.all(exited).then(() => true);
  if (graceS < 0) return ended;
  const given = new AbortController();
  const tooLong = sleep(graceS * 1000, given.signal).then(
    () => false,
    () => true,
  );
  try {
    return await Promise.race([ended, tooLong]);
  } finally {
    given.abort();
  }
}
