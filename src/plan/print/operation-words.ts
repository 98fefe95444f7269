/** What an operation works on and does, in Docker Compose's words: for plan texts and event streams alike. Pure. */
import { unreachable } from "../../base/errors.js";
import type { Operation, OperationKind, WaitCondition } from "../operation.js";

/** What an operation works on, in the words of Docker Compose's progress lines. */
export function subjectOf(op: OperationKind): {
  readonly kind: "service" | "image" | "network" | "volume" | "container" | "provider" | "model";
  readonly name: string;
  readonly service?: string;
} {
  switch (op.kind) {
    case "pull-image":
    case "build-image":
    case "remove-image":
      return { kind: "image", name: op.image };
    case "create-network":
      return { kind: "network", name: op.body.Name };
    case "remove-network":
      return { kind: "network", name: op.name };
    case "create-volume":
      return { kind: "volume", name: op.body.Name };
    case "remove-volume":
    case "restore-volume":
      return { kind: "volume", name: op.name };
    case "create-container":
      return { kind: "container", name: op.finalName, service: op.service };
    case "rename-container":
      return { kind: "container", name: op.to, service: op.container.service };
    case "wait-for":
      return { kind: "container", name: op.containers[0]?.name ?? op.service, service: op.service };
    case "run-job":
      return { kind: "container", name: op.name, service: op.service };
    case "run-provider":
      return { kind: "provider", name: op.service, service: op.service };
    case "prepare-model":
      return { kind: "model", name: op.model.key };
    case "judge-update":
    case "pause-update":
      return { kind: "service", name: op.service, service: op.service };
    case "connect-network":
    case "disconnect-network":
    case "run-hook":
    case "watch-replica":
    case "take-over":
    case "drain-container":
    case "discard-replacement":
    case "start-container":
    case "stop-container":
    case "restart-container":
    case "pause-container":
    case "unpause-container":
    case "kill-container":
    case "update-container":
    case "remove-container":
      return { kind: "container", name: op.container.name, service: op.container.service };
    default:
      return unreachable(op);
  }
}

/** Docker Compose's words for an operation under way and done: `Creating`, `Created`. */
export function wordsOf(op: Operation): { readonly doing: string; readonly done: string } {
  switch (op.kind) {
    case "pull-image":
      return { doing: "Pulling", done: "Pulled" };
    case "build-image":
      return { doing: "Building", done: "Built" };
    case "create-network":
    case "create-volume":
      return { doing: "Creating", done: "Created" };
    case "create-container":
      return op.isStep ? { doing: "Recreate", done: "Recreate" } : { doing: "Creating", done: "Created" };
    case "rename-container":
      return op.container.id === undefined
        ? { doing: "Recreate", done: "Recreated" }
        : { doing: "Renaming", done: "Renamed" };
    case "update-container":
      return { doing: "Updating", done: "Updated" };
    case "connect-network":
      return { doing: "Connecting", done: "Connected" };
    case "disconnect-network":
      return { doing: "Disconnecting", done: "Disconnected" };
    case "start-container":
      return { doing: "Starting", done: "Started" };
    case "stop-container":
      return { doing: "Stopping", done: "Stopped" };
    case "restart-container":
      return { doing: "Restarting", done: "Restarted" };
    case "pause-container":
      return { doing: "Pausing", done: "Paused" };
    case "unpause-container":
      return { doing: "Unpausing", done: "Unpaused" };
    case "kill-container":
      return { doing: "Killing", done: "Killed" };
    case "remove-container":
    case "remove-image":
    case "remove-network":
    case "remove-volume":
      return { doing: "Removing", done: "Removed" };
    case "restore-volume":
      return { doing: "Restoring", done: "Restored" };
    case "run-hook":
    case "run-job":
      return { doing: `Running ${op.hook}`, done: `Ran ${op.hook}` };
    case "run-provider":
      return providerWords[op.command];
    case "prepare-model":
      return { doing: "Configuring", done: "Configured" };
    case "wait-for":
      return { doing: "Waiting", done: doneWaiting[op.condition] };
    case "watch-replica":
      return { doing: "Watching", done: "Good" };
    case "take-over":
      return { doing: "Taking over", done: "Took over" };
    case "drain-container":
      return { doing: "Draining", done: "Drained" };
    case "discard-replacement":
      return { doing: "Discarding", done: "Discarded" };
    case "judge-update":
      return { doing: "Judging", done: "Updated" };
    case "pause-update":
      return { doing: "Pausing", done: "Going on" };
    default:
      return unreachable(op);
  }
}

const providerWords = {
  up: { doing: "Creating", done: "Created" },
  down: { doing: "Removing", done: "Removed" },
  stop: { doing: "Stopping", done: "Stopped" },
};

const doneWaiting: Record<WaitCondition, string> = {
  healthy: "Healthy",
  completed: "Exited",
  "running-or-healthy": "Healthy",
};
