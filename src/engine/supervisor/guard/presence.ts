/**
 * What a running engine leaves for its guard: which processes live, what the next engine is to be started with, and at
 * its end whether that was meant.
 *
 * In the run directory: `engine.pid` and `guard.pid` as `PID TICKS`, and `stopped` after an end on purpose, so that the
 * exit of a container does not wake the engine. In the state root: `engine.env`, see `kept-settings.ts`.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../../base/errors.js";
import { identifyProcess } from "../../kernel/process.js";
import { keepGuard } from "./guard-watch.js";
import { keepSettings } from "./kept-settings.js";

export interface PresenceOptions {
  readonly stateRoot: string;
  readonly runDir: string;
  readonly pid: number;
  /** `PID TICKS` of this engine's guard. A service manager needs none, and whoever runs it by hand wants none. */
  readonly guard?: string | undefined;
  readonly adoptCommand: readonly string[];
  readonly settings: Readonly<Record<string, string | undefined>>;
  readonly log: (text: string) => void;
}

/** For an engine that owns its state. Disposed when it ends on purpose. */
export function announcePresence(options: PresenceOptions): Disposable {
  const { runDir, stateRoot, pid, guard, adoptCommand, settings, log } = options;
  const guardFile = join(runDir, "guard.pid");
  for (const path of [join(runDir, "stopped"), guardFile]) rmSync(path, { force: true });
  try {
    keepSettings(join(stateRoot, "engine.env"), settings);
  } catch (error) {
    log(`The settings could not be kept: ${messageOf(error)}`); // on a full disk the engine starts nevertheless
  }
  writeFileSync(join(runDir, "engine.pid"), `${pid} ${identifyProcess(pid)?.startTicks ?? 0}\n`);
  const keeper = guard ? keepGuard({ guard, adoptCommand, env: settings, guardFile, log }) : undefined;
  return {
    [Symbol.dispose]() {
      keeper?.[Symbol.dispose]();
      writeFileSync(join(runDir, "stopped"), "");
      for (const name of ["engine.pid", "guard.pid"]) rmSync(join(runDir, name), { force: true });
    },
  };
}
