/**
 * Tells in batches which files changed below the places that watch rules name. Touches the world: listens to the file
 * system by the kernel's notifications; nothing is polled.
 */
import { type FSWatcher, watch } from "chokidar";
import type { ChangedPath } from "../../plan/watch/judge-changes.js";
import type { ActiveRule } from "../../plan/watch/watch-rules.js";

/** A save is several events, and a checkout hundreds: a batch ends after this much quiet. */
const quietMs = 100;
/** What never gets quiet is told all the same. */
const longestBatchMs = 2_000;

export interface WatchedFiles extends AsyncDisposable {
  /** The changes since the last call, once there are some; undefined when the signal is aborted. */
  next(signal: AbortSignal): Promise<readonly ChangedPath[] | undefined>;
}

/**
 * Resolves once every directory is watched: what changes from then on is told, by paths in the order of their names.
 * Throws when the kernel has no watches left.
 */
export async function watchFiles(rules: readonly ActiveRule[]): Promise<WatchedFiles> {
  const changes = new Batch();
  const watcher = watch([...new Set(rules.map(({ place }) => place.path))], {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path, stats) =>
      stats?.isDirectory() === true
        ? rules.every((rule) => rule.skips(path))
        : stats !== undefined && !rules.some((rule) => rule.matches(path)),
  });
  const tell = (isGone: boolean, isDirectory: boolean) => (path: string) => {
    if (rules.some((rule) => rule.matches(path))) changes.add({ path, isGone, isDirectory });
  };
  watcher
    .on("add", tell(false, false))
    .on("change", tell(false, false))
    .on("addDir", tell(false, true))
    .on("unlink", tell(true, false))
    .on("unlinkDir", tell(true, true));
  await ready(watcher);
  watcher.on("error", (error) => changes.fail(error));
  return {
    next: (signal) => changes.next(signal),
    [Symbol.asyncDispose]: () => watcher.close(),
  };
}

async function ready(watcher: FSWatcher): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      watcher.once("ready", () => resolve()).once("error", reject);
    });
  } catch (error) {
    await watcher.close();
    throw error;
  }
}

/** The last word on each path since somebody asked. */
class Batch {
  readonly #changes = new Map<string, ChangedPath>();
  #failure: unknown;
  #firstAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isWhole = false;
  #wake: () => void = () => {};

  add(change: ChangedPath): void {
    const nowMs = performance.now();
    if (this.#changes.size === 0) this.#firstAtMs = nowMs;
    this.#changes.set(change.path, change);
    clearTimeout(this.#timer);
    const delayMs = Math.max(0, Math.min(quietMs, this.#firstAtMs + longestBatchMs - nowMs));
    this.#timer = setTimeout(() => this.#complete(), delayMs);
  }

  fail(error: unknown): void {
    this.#failure = error;
    this.#wake();
  }

  async next(signal: AbortSignal): Promise<readonly ChangedPath[] | undefined> {
    while (!this.#isWhole && this.#failure === undefined && !signal.aborted) await this.#change(signal);
    if (signal.aborted) return undefined;
    if (this.#failure !== undefined) throw this.#failure;
    const found = [...this.#changes.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    this.#changes.clear();
    this.#isWhole = false;
    return found;
  }

  #complete(): void {
    this.#isWhole = true;
    this.#wake();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
