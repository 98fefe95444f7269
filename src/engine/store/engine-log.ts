/** The engine's own log file. Touches the world. */
import { closeSync, copyFileSync, fchmodSync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Two files of this size tell the last days of a busy engine. */
const maxBytes = 5 * 1024 * 1024;

export interface EngineLog extends Disposable {
  /** One entry; further lines of it are indented. Never throws: a full disk must not end the engine. */
  readonly write: (text: string) => void;
}

/**
 * Opens `engine.log` in the state root (made when missing), mode 0600. A full one is copied to `engine.log.1` and cut:
 * the guard and the engine's own stderr have it open too, for appending, and so write on at its new beginning.
 */
export function openEngineLog(stateRoot: string, now: () => Date = () => new Date()): EngineLog {
  mkdirSync(stateRoot, { recursive: true, mode: 0o711 });
  const path = join(stateRoot, "engine.log");
  const fd = openSync(path, "a", 0o600);
  fchmodSync(fd, 0o600); // somebody's shell may have made it
  return {
    write(text) {
      try {
        if (fstatSync(fd).size > maxBytes) {
          copyFileSync(path, `${path}.1`);
          ftruncateSync(fd);
        }
        writeSync(fd, `${now().toISOString()} ${text.trimEnd().replaceAll("\n", "\n  ")}\n`);
      } catch {}
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}
