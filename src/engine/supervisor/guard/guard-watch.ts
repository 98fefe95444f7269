/**
 * Keeps a guard beside a running engine: the guard starts the engine again when it dies, and the engine the guard.
 *
 * Only the death of both at once leaves neither; then conmon's exit command or the next command of a user is what wakes
 * the engine. A guard that was started here (`bin/gantry-guard --adopt`) is no parent of the engine: the pipe that it
 * reads tells it of the engine's end, by a line when that end is meant, by its closing when it is not.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { identifyProcess, readBootId, watchProcessEnd } from "../../kernel/process.js";

export interface GuardOptions {
  /** `PID TICKS` of the guard that started this engine. */
  readonly guard: string;
  /** Program and arguments of a guard that adopts this engine. */
  readonly adoptCommand: readonly string[];
  /** What that guard starts the next engine with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Says which guard is this engine's, as `PID TICKS`. */
  readonly guardFile: string;
  readonly log: (text: string) => void;
}

/** A guard that ends sooner has a reason that a further one would share. */
const goodLifeMs = 5_000;
const longestPauseMs = 60_000;

/** Watches until disposed; disposing tells the guard that the engine's end is meant. */
export function keepGuard(options: GuardOptions): Disposable {
  const keeper = new GuardKeeper(options);
  keeper.watchFirst();
  return keeper;
}

class GuardKeeper implements Disposable {
  readonly #options: GuardOptions;
  #stopWatching: (() => void) | undefined;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = 0;
  #isOver = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  watchFirst(): void {
    const { guard, guardFile } = this.#options;
    writeFileSync(guardFile, `${guard}\n`);
    const [pid = 0, startTicks = 0] = guard.split(" ").map(Number);
    const identity = { pid, startTicks, bootId: readBootId() };
    this.#stopWatching = watchProcessEnd(identity, () => this.#replace());
    // Dead already, or a kernel that cannot tell of the end of a process that is not our child.
    if (!this.#stopWatching && identifyProcess(pid)?.startTicks !== startTicks) this.#replace();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stopWatching?.();
    this.#child?.stdin?.end("the end is meant\n");
  }

  #replace(): void {
    if (this.#isOver) return;
    const { adoptCommand, env, guardFile, log } = this.#options;
    const [program = "", ...args] = adoptCommand;
    const beganMs = performance.now();
    const child = spawn(program, args, { env, cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] });
    this.#child = child;
    child.stdin?.on("error", () => {}); // the guard has died; its end is told below
    child.once("error", () => this.#later(beganMs));
    child.once("exit", () => this.#later(beganMs));
    child.unref();
    if (child.pid === undefined) return;
    writeFileSync(guardFile, `${child.pid} ${identifyProcess(child.pid)?.startTicks ?? 0}\n`);
    log(`The guard has ended; process ${child.pid} takes its place`);
  }

  #later(beganMs: number): void {
    if (this.#isOver || this.#timer) return;
    const lived = performance.now() - beganMs;
    this.#pauseMs = lived >= goodLifeMs ? 0 : Math.min(this.#pauseMs * 2 || 100, longestPauseMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#replace();
    }, this.#pauseMs);
    this.#timer.unref();
  }
}
