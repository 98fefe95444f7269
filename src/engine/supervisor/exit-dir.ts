/**
 * The directory in which every conmon leaves the exit code of its container, in a file named after the container.
 *
 * conmon writes beside and renames, so a file that has its final name is whole. inotify tells of each; nothing polls.
 */
import { type FSWatcher, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch } from "node:fs";
import { join } from "node:path";

export interface ExitFile {
  readonly exitCode: number;
  /** When conmon wrote it, within milliseconds of the end. */
  readonly finishedAt: Date;
}

export class ExitDir {
  readonly path: string;
  #watcher: FSWatcher | undefined;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }

  /** `onName` hears every name that appears, and all present ones when the kernel lost count. */
  watch(onName: (name: string) => void): void {
    this.#watcher = watch(this.path, { persistent: false }, (_event, name) => {
      if (name === null) for (const present of readdirSync(this.path)) onName(present);
      else onName(name);
    });
    this.#watcher.on("error", () => {});
  }

  /** Undefined while the container has not ended. */
  read(containerId: string): ExitFile | undefined {
    const path = join(this.path, containerId);
    try {
      const exitCode = Number.parseInt(readFileSync(path, "utf8"), 10);
      return Number.isInteger(exitCode) ? { exitCode, finishedAt: statSync(path).mtime } : undefined;
    } catch {
      return undefined;
    }
  }

  remove(containerId: string): void {
    rmSync(join(this.path, containerId), { force: true });
  }

  close(): void {
    this.#watcher?.close();
  }
}
