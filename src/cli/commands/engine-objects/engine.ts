/** `gantry engine start | stop | status`. */
import { GantryError } from "../../../base/errors.js";
import type { EngineStatus } from "../../../wire/system.js";
import type { CliContext, EngineFlags } from "../../context.js";
import { printFields } from "../../views/table.js";

/** As init scripts have it: the program is not running. */
const notRunningExitCode = 3;

/** Starts the engine and says where it listens. Throws "engine-locked" when flags come too late for one that runs. */
export async function engineStart(context: CliContext, flags: EngineFlags): Promise<void> {
  if (Object.keys(flags).length > 0 && (await context.engine.status())) {
    throw new GantryError("engine-locked", "The engine runs already, and listens as it was started", {
      hint: "Stop it first, containers run on: gantry engine stop",
    });
  }
  const status = await context.engine.start(flags);
  context.stdout.write(`Engine ${status.version} runs as process ${status.pid}, socket ${status.socket}\n`);
}

/** Stops it; nothing to stop is fine. */
export async function engineStop(context: CliContext): Promise<void> {
  const running = (await context.engine.status().catch(() => undefined))?.running ?? 0; // one that hangs is stopped too
  const stopped = await context.engine.stop();
  const left = running === 0 ? "" : running === 1 ? "; one container runs on" : `; ${running} containers run on`;
  context.stdout.write(stopped ? `Engine stopped${left}\n` : "No engine was running\n");
}

/** Prints its status; as JSON `{ "running": false }` when there is none. */
export async function engineStatus(context: CliContext, { format }: { format: "table" | "json" }): Promise<void> {
  const status = await context.engine.status();
  if (!status) context.finish(notRunningExitCode);
  if (format === "json") {
    context.stdout.write(`${JSON.stringify({ running: status !== undefined, ...status }, null, 2)}\n`);
    return;
  }
  context.stdout.write(status ? printFields(statusFields(status)) : "The engine is not running\n");
}

function statusFields(status: EngineStatus): Array<[string, string]> {
  return [
    ["Version", `${status.version} (API ${status.apiVersion})`],
    ["Process", `${status.pid}, since ${status.startedAt}`],
    ["Socket", status.socket],
    ["State", status.stateRoot],
    ["Containers", `${status.containers}, ${status.running} running`],
    ["Runtime", `${status.runtime}, cgroup v${status.cgroupVersion}, ${status.storageDriver}`],
    ["Ends", status.idleExitAt ?? "not while containers run or a command is connected"],
  ];
}
