/** Ends the run of an unhealthy container so that another one follows. The record says so first, in case of a crash. */

import type { Container } from "../lifecycle/container.js";
import { announce } from "../lifecycle/notices.js";
import { endWithGrace, sendSignal, stopSignalOf } from "../lifecycle/stopping.js";
import { withState } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";

/** Does nothing for one that is well, leaves, or was asked to stop meanwhile. Events tell the attempt and the limit. */
export async function healContainer(
  rooms: Rooms,
  container: Container,
  { attempt, limit }: { attempt: number; limit: number },
): Promise<void> {
  const asked = await container.lock.run(async () => {
    const { state } = container.record;
    const isIll = container.status === "running" && state.health?.Status === "unhealthy";
    if (!isIll || container.isLeaving || container.stopRequested) return undefined;
    await rooms.index.save(container, withState(container.record, { healing: true }));
    announce(rooms, container.record, "heal", { attempt: String(attempt), limit: String(limit) });
    return { exited: await sendSignal(rooms, container, stopSignalOf(container.record)) };
  });
  if (asked) await endWithGrace(rooms, container, asked);
}
