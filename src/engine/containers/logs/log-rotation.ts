/**
 * Keeps a running container's log within its size: the file is renamed, and conmon opens a new one.
 *
 * No polling of quiet containers: a watch waits for the first write, then the size is looked at in steps until the file
 * stops growing, and the watch is set again. While no engine runs the log grows; the next engine rotates it.
 */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { rotateLog } from "../../supervisor/log-file.js";

/** Docker has no limit by default; this one keeps a forgotten container from filling the disk. */
const defaultMaxBytes = 10 * 1024 ** 2;
const defaultMaxFiles = 3;
/** How long a busy log may overshoot before it is looked at again. */
const stepMs = 1000;

export interface RotationLimits {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/** `max-size` is a number with k, m or g; -1 for no limit. `max-file` counts the one being written. */
export function rotationLimits(options: Readonly<Record<string, string>> | null | undefined): RotationLimits {
  const size = /^(-?\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(options?.["max-size"] ?? "");
  const unit = 1024 ** ["", "k", "m", "g"].indexOf((size?.[2] ?? "").toLowerCase());
  const maxBytes = size ? Number(size[1]) * unit : defaultMaxBytes;
  const maxFiles = Number(options?.["max-file"] ?? (size ? 1 : defaultMaxFiles));
  return {
    maxBytes: maxBytes <= 0 ? Number.POSITIVE_INFINITY : maxBytes,
    maxFiles: Number.isInteger(maxFiles) && maxFiles > 0 ? maxFiles : defaultMaxFiles,
  };
}

/** The files of a log, oldest first: `path.2`, `path.1`, `path`. */
export function logFiles(path: string, { maxFiles }: RotationLimits): string[] {
  return Array.from({ length: maxFiles }, (_none, at) => (at === 0 ? path : `${path}.${at}`)).reverse();
}

export class LogRotation {
  readonly #path: string;
  readonly #limits: RotationLimits;
  readonly #reopen: () => Promise<void>;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastBytes = 0;
  #stopped = false;

  /** `reopen` makes the writer open `path` anew; it must not reject. */
  constructor(path: string, limits: RotationLimits, reopen: () => Promise<void>) {
    this.#path = path;
    this.#limits = limits;
    this.#reopen = reopen;
  }

  start(): void {
    if (Number.isFinite(this.#limits.maxBytes)) void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  async #look(): Promise<void> {
    const bytes = await stat(this.#path).then(
      ({ size }) => size,
      () => 0,
    );
    if (this.#stopped) return;
    if (bytes >= this.#limits.maxBytes) await rotateLog(this.#path, this.#limits.maxFiles, this.#reopen);
    if (this.#stopped) return;
    const isQuiet = bytes === this.#lastBytes;
    this.#lastBytes = bytes;
    if (isQuiet) this.#waitForWrite();
    else this.#timer = setTimeout(() => void this.#look(), stepMs).unref();
  }

  #waitForWrite(): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => {
        this.#watcher?.close();
        this.#timer = setTimeout(() => void this.#look(), stepMs).unref();
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // The file is not there (yet), or the host has no watches left: conmon's own limit still holds.
    }
  }
}
