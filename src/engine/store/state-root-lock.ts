/** One engine per state root: a lock file that its owner holds for life. Touches the world. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { GantryError } from "../../base/errors.js";

/** Disposing gives the state root up; so does the end of the process, however it ends. */
export interface StateRootLock extends Disposable {
  readonly path: string;
}

/** `tryLock` is flock(2) without waiting: false when somebody else holds the file of that descriptor. */
export interface LockRequest {
  readonly pid: number;
  readonly tryLock: (fd: number) => boolean;
}

/**
 * Takes the state root (made if missing, mode 0711) for this process and writes its pid into `engine.lock`.
 *
 * Node opens files close-on-exec, so no child of the engine inherits the lock. The file itself stays: removing it would
 * let two engines lock two files of the same name.
 *
 * @throws {GantryError} "engine-locked", naming the owner's pid, when another process holds it
 */
export function lockStateRoot(stateRoot: string, { pid, tryLock }: LockRequest): StateRootLock {
  // Others may pass through, not look in: a container's user namespace must reach its root file system.
  mkdirSync(stateRoot, { recursive: true, mode: 0o711 });
  const path = join(stateRoot, "engine.lock");
  const fd = openSync(path, "a+", 0o600);
  try {
    if (!tryLock(fd)) throw lockedBy(path, stateRoot);
    tellOwner(fd, pid);
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

/** For people only, so a full disk is no reason to fail. */
function tellOwner(fd: number, pid: number): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, `${pid}\n`);
  } catch {}
}

function lockedBy(path: string, stateRoot: string): GantryError {
  const owner = readFileSync(path, "utf8").trim();
  const who = /^\d+$/.test(owner) ? `process ${owner}` : "another process";
  return new GantryError("engine-locked", `The state directory ${stateRoot} is in use by ${who}`, {
    hint: "Use that engine, stop it with: gantry engine stop, or choose another state directory",
  });
}
