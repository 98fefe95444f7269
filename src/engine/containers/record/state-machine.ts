/**
 * The legal moves of a container between Docker's seven states.
 *
 * Pure. The lifecycle asks here before it changes anything; a move that is not listed does not exist.
 */
import type { ContainerStatus } from "../../../wire/container.js";

/**
 * `exit-to-restart` is an exit after which the restart policy runs the container again; `cancel-restart` ends that
 * wait.
 */
export type Move =
  | "start"
  | "exit"
  | "exit-to-restart"
  | "cancel-restart"
  | "pause"
  | "unpause"
  | "remove"
  | "fail-removal";

const moves: Readonly<Record<ContainerStatus, Partial<Record<Move, ContainerStatus>>>> = {
  created: { start: "running", remove: "removing" },
  running: { exit: "exited", "exit-to-restart": "restarting", pause: "paused" },
  paused: { exit: "exited", "exit-to-restart": "restarting", unpause: "running" },
  restarting: { start: "running", "cancel-restart": "exited", remove: "removing" },
  exited: { start: "running", remove: "removing" },
  removing: { remove: "removing", "fail-removal": "dead" },
  dead: { remove: "removing" },
};

/** The state after `move`, or undefined when that move is not legal in `status`. */
export function nextStatus(status: ContainerStatus, move: Move): ContainerStatus | undefined {
  return moves[status][move];
}

/** True while a process of the container exists. */
export function hasProcess(status: ContainerStatus): boolean {
  return status === "running" || status === "paused";
}

/** Docker's `State.Running`: also true while the restart policy waits to run it again. */
export function countsAsRunning(status: ContainerStatus): boolean {
  return hasProcess(status) || status === "restarting";
}
