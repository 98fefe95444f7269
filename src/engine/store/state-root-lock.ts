/** One engine per state root: a lock file that its owner holds for life. Touches the world. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { GantryError } from "../../base/errors.js";

/** Disposing gives the state root up; so does the end of the process, however it ends. */
export interface StateRootLock extends Disposable {
  readonly path: string;
}

/** `tryLock` is flock(2) without waiting: false when somebody else holds the file of that descriptor. */
export interface LockRequest {
  readonly pid: number;
  /** Where this engine would listen. */
  readonly socket: string;
  readonly tryLock: (fd: number) => boolean;
}

/**
 * Takes the state root (made if missing, mode 0711) for this process and writes its pid and socket into `engine.lock`.
 *
 * Node opens files close-on-exec, so no child of the engine inherits the lock. The file itself stays: removing it would
 * let two engines lock two files of the same name.
 *
 * @throws {GantryError} when another process holds it: "engine-elsewhere" if that one listens at another socket, else
 * "engine-locked", which names the owner's pid
 */
export function lockStateRoot(stateRoot: string, { pid, socket, tryLock }: LockRequest): StateRootLock {
  // Others may pass through, not look in: a container's user namespace must reach its root file system.
  mkdirSync(stateRoot, { recursive: true, mode: 0o711 });
  const path = join(stateRoot, "engine.lock");
  const fd = openSync(path, "a+", 0o600);
  try {
    if (!tryLock(fd)) throw lockedBy(path, { stateRoot, socket });
    tellOwner(fd, `${pid}\n${socket}\n`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let held = true;
  return {
    path,
    [Symbol.dispose]() {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

/** It makes messages better and no more, so a full disk is no reason to fail. */
function tellOwner(fd: number, text: string): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, text);
  } catch {}
}

function lockedBy(path: string, { stateRoot, socket }: { stateRoot: string; socket: string }): GantryError {
  const [pid = "", other = ""] = readFileSync(path, "utf8").split("\n");
  const who = /^\d+$/.test(pid) ? `process ${pid}` : "another process";
  const what = `The state directory ${stateRoot} is in use by ${who}`;
  if (other !== "" && other !== socket) {
    return new GantryError("engine-elsewhere", `${what}, an engine that listens at ${other}`, {
      hint: `Use that one with GANTRY_RUN_DIR=${dirname(other)}, or choose another directory with GANTRY_STATE_ROOT`,
    });
  }
  return new GantryError("engine-locked", what, {
    hint: "Use that engine, stop it with: gantry engine stop, or choose another state directory",
  });
}
