/** The human texts of a container's state, word for word as Docker's. Pure. */
import type { HealthState } from "../../../wire/container.js";
import { humanDuration } from "../../../wire/human-duration.js";
import type { RunState } from "../record/container-record.js";

/** The STATUS column, e.g. `Up 5 minutes (healthy)` or `Exited (137) 3 seconds ago`. */
export function statusText(state: RunState, now: Date): string {
  const since = (time: string) => humanDuration(now.getTime() - Date.parse(time));
  switch (state.status) {
    case "running":
      return `Up ${since(state.startedAt)}${healthText(state.health)}`;
    case "paused":
      return `Up ${since(state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "exited":
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
    default:
      return "Created";
  }
}

function healthText(health: HealthState | undefined): string {
  if (!health) return "";
  return health.Status === "starting" ? " (health: starting)" : ` (${health.Status})`;
}
