/**
 * The console: takes the terminal, feeds messages to the model, carries out its effects, draws what it says.
 *
 * The first screens are painted without Ink, which is loaded meanwhile. However it ends (asked for, Ctrl-C, a signal, a
 * hang-up, an error that nobody caught), the terminal is given back before the caller hears of it.
 */
import type { ConsoleProgram, ConsoleWorld, LoadedProject, ProjectName } from "../../apply/console.js";
import { sleep } from "../../base/clock.js";
import { GantryError, messageOf } from "../../base/errors.js";
import { type ConsoleState, type Effect, initialState, type Size } from "../model/state/console-state.js";
import { type Message, update } from "../model/state/update.js";
import { screenView } from "../model/views/screen-view.js";
import { paintLine } from "../paint.js";
import { Actions } from "./actions.js";
import type { Screen } from "./console-app.js";
import { EngineWatch } from "./engine-watch.js";
import { LogDesk } from "./log-desk.js";
import { Terminal } from "./terminal.js";

/** Ages on the screen are seconds; nothing is asked for then. */
const tickMs = 1000;
/** Thirty a second at the most. */
const frameMs = 33;
/** How long files wait for the engine's answer. */
const engineFirstMs = 100;

/** Runs until the user leaves. */
export const runConsole: ConsoleProgram = async (world) => {
  const console = new Console(world);
  await console.run();
};

class Console {
  readonly #world: ConsoleWorld;
  readonly #terminal: Terminal;
  readonly #watch: EngineWatch;
  readonly #logs: LogDesk;
  readonly #actions: Actions;
  readonly #ending = new AbortController();
  #state: ConsoleState;
  #screen: Screen | undefined;
  /** The project that was chosen in place of the command line's. */
  #other: ProjectName | undefined;
  #drawing: NodeJS.Timeout | undefined;
  #drawnAtMs = 0;
  /** Somebody else has the terminal. */
  #isAway = false;
  #fail: (error: unknown) => void = () => {};

  constructor(world: ConsoleWorld) {
    this.#world = world;
    const { folder } = world;
    this.#state = { ...initialState(sizeOf(world.stdout), this.#now()), ...(folder === undefined ? {} : { folder }) };
    this.#terminal = new Terminal(world, (event) => this.#dispatch({ kind: "input", event }));
    const dispatch = (message: Message) => this.#dispatch(message);
    const { signal } = this.#ending;
    this.#watch = new EngineWatch({ connect: () => world.connect(), dispatch, signal, clock: world.clock });
    this.#logs = new LogDesk({ connect: () => world.connect(), dispatch, signal });
    const away = (use: () => Promise<void>) => this.#away(use);
    const reload = () => this.#load(this.#other);
    this.#actions = new Actions(world, { dispatch, signal, terminal: this.#terminal, away, reload });
  }

  async run(): Promise<void> {
    const { stdout, signal } = this.#world;
    const ended = new Promise<void>((resolve, reject) => {
      this.#ending.signal.addEventListener("abort", () => resolve(), { once: true });
      this.#fail = reject;
    });
    const end = () => this.#ending.abort();
    const giveBack = this.#world.takeEndings((ending) => (ending.kind === "crash" ? this.#fail(ending.error) : end()));
    const resized = () => this.#dispatch({ kind: "resized", size: sizeOf(stdout) });
    const ticking = setInterval(() => this.#dispatch({ kind: "ticked" }), tickMs);
    signal.addEventListener("abort", end, { once: true });
    stdout.on("resize", resized);
    this.#terminal.take();
    try {
      this.#watch.start();
      // Reading files takes the processor for a while: what the engine has comes first, if it comes soon.
      await Promise.race([this.#watch.answered, sleep(engineFirstMs)]);
      void this.#load();
      await ended;
    } finally {
      clearInterval(ticking);
      clearTimeout(this.#drawing);
      this.#isAway = true;
      stdout.off("resize", resized);
      this.#screen?.close();
      this.#terminal.leave();
      end();
      giveBack();
    }
  }

  #now() {
    const { clock } = this.#world;
    return { nowMs: clock.now().getTime(), monotonicMs: clock.monotonicMs() };
  }

  #dispatch(message: Message): void {
    if (this.#ending.signal.aborted) return;
    const { state, effects } = update(this.#state, message, this.#now());
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    this.#draw();
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "quit":
        this.#ending.abort();
        break;
      case "switch-project":
        this.#other = effect.project;
        void this.#load(effect.project);
        break;
      case "open-logs":
      case "read-log":
      case "search-logs":
      case "cancel-search":
      case "close-logs":
        this.#logs.carryOut(effect);
        break;
      default:
        this.#actions.carryOut(effect, this.#state.loaded);
    }
  }

  async #load(other?: ProjectName): Promise<LoadedProject> {
    const loaded = await this.#world.load(other).catch((error: unknown): LoadedProject => {
      return { ...(other ? { name: other.name } : {}), problems: problemLines(error), command: "gantry" };
    });
    // Another project may have been chosen meanwhile; and files that are broken by an edit take nothing off the screen.
    const isBroken = !loaded.project && this.#state.loaded.project !== undefined && loaded.problems.length > 0;
    const isAnother = other?.name !== undefined && other.name !== this.#state.loaded.name;
    if (other === this.#other && (!isBroken || isAnother)) {
      this.#dispatch({ kind: "loaded", loaded });
      this.#watch.show(loaded.name);
    }
    return loaded;
  }

  /** At most one frame in `frameMs`, the first one at once. */
  #draw(): void {
    if (this.#drawing || this.#isAway) return;
    // What is painted before Ink is there is cheap, and each piece of news is waited for.
    const waitMs = this.#screen ? Math.max(0, this.#drawnAtMs + frameMs - this.#world.clock.monotonicMs()) : 0;
    this.#drawing = setTimeout(() => {
      this.#drawing = undefined;
      if (!this.#isAway) this.#paint();
    }, waitMs);
  }

  #paint(): void {
    const { stdout, color, clock } = this.#world;
    this.#drawnAtMs = clock.monotonicMs();
    const rows = screenView(this.#state).lines.map((line) => paintLine(line, color));
    if (this.#screen) {
      this.#screen.show(rows);
      return;
    }
    stdout.write(`\u001b[H${rows.map((row) => `${row}\u001b[K`).join("\r\n")}\u001b[H`);
    // Loading it takes longer than all before: first what there is to see.
    const { hasObserved, isLoading, engine } = this.#state;
    if (!isLoading && (hasObserved || engine.kind === "gone")) setImmediate(() => void this.#openScreen());
  }

  #isOpening = false;
  async #openScreen(): Promise<void> {
    if (this.#isOpening || this.#screen) return;
    this.#isOpening = true;
    try {
      const { openScreen } = await import("./console-app.js");
      if (this.#ending.signal.aborted || this.#isAway) return;
      const rows = screenView(this.#state).lines.map((line) => paintLine(line, this.#world.color));
      this.#screen = openScreen(this.#world.stdout, rows);
      this.#screen.ended.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isOpening = false;
    }
  }

  /** Lends the terminal, and takes it again. */
  async #away(use: () => Promise<void>): Promise<void> {
    this.#isAway = true;
    this.#screen?.close();
    this.#screen = undefined;
    this.#terminal.leave();
    try {
      await use();
    } finally {
      if (!this.#ending.signal.aborted) {
        this.#terminal.take();
        this.#isAway = false;
        this.#dispatch({ kind: "resized", size: sizeOf(this.#world.stdout) });
      }
    }
  }
}

function problemLines(error: unknown): string[] {
  const hint = error instanceof GantryError ? error.hint : undefined;
  return [messageOf(error), ...(hint ? [hint] : [])];
}

function sizeOf({ columns = 80, rows = 24 }: NodeJS.WriteStream): Size {
  return { columns, rows };
}
