/** `docker wait`: resolves at the next exit, or when nothing runs, or when the container is gone. */
import type { WaitReply } from "../../../wire/container.js";
import { countsAsRunning } from "../record/state-machine.js";
import type { Container } from "./container.js";

export type WaitCondition = "not-running" | "next-exit" | "removed";

/** The promise is made at once: a start right after the call is not missed. Rejects with the signal's reason. */
export function waitFor(container: Container, condition: WaitCondition, signal: AbortSignal): Promise<WaitReply> {
  switch (condition) {
    case "removed":
      return container.removal.next(signal);
    case "next-exit":
      return container.exits.next(signal);
    default:
      if (countsAsRunning(container.status)) return container.exits.next(signal);
      return Promise.resolve({ StatusCode: container.record.state.exitCode });
  }
}
