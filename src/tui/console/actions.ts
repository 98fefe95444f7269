/** Carries out what the screens ask to be done or looked at; answers by messages. */
import type { ApplyEvent } from "../../apply/apply-events.js";
import type { ConsoleRun, ConsoleWorld, LoadedProject, RunOutcome, Wish } from "../../apply/console.js";
import { messageOf } from "../../base/errors.js";
import type { Explanation } from "../../compose/explain/explain.js";
import { failureLines } from "../model/failure-lines.js";
import type { Action, Effect } from "../model/state/console-state.js";
import type { LogEffect } from "../model/state/logs-state.js";
import type { Message } from "../model/state/update.js";
import type { Terminal } from "./terminal.js";

type Own = Exclude<Effect, LogEffect | { kind: "quit" } | { kind: "switch-project" }>;

export interface ActionOptions {
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
  dispatch(message: Message): void;
  /** The project as its files are now; the screens have it too. */
  reload(): Promise<LoadedProject>;
  /** Lends the terminal. */
  away(use: () => Promise<void>): Promise<void>;
}

export class Actions {
  readonly #world: ConsoleWorld;
  readonly #options: ActionOptions;
  /** Of the run that goes on. */
  #run: AbortController | undefined;
  #inspected = 0;

  constructor(world: ConsoleWorld, options: ActionOptions) {
    this.#world = world;
    this.#options = options;
  }

  carryOut(effect: Own, loaded: LoadedProject): void {
    const { dispatch, signal } = this.#options;
    this.#begin(effect, loaded).catch((error: unknown) => {
      if (!signal.aborted) dispatch({ kind: "noticed", notice: { tone: "bad", text: `✘ ${messageOf(error)}` } });
    });
  }

  async #begin(effect: Own, loaded: LoadedProject): Promise<void> {
    switch (effect.kind) {
      case "act":
        return this.#act(effect.action, loaded);
      case "draw-plan":
        return this.#drawPlan(loaded, effect.wish);
      case "apply-plan":
        await this.#trust(loaded);
        return this.#follow(effect.command, (run) => this.#world.apply(effect.plan, run));
      case "cancel-run":
        return this.#run?.abort();
      case "inspect":
        return this.#inspect(effect, loaded);
    }
  }

  async #act(action: Action, loaded: LoadedProject): Promise<void> {
    const { dispatch, terminal, away } = this.#options;
    const done = (text: string) =>
      dispatch({ kind: "noticed", notice: { tone: "good", text, command: action.command } });
    switch (action.kind) {
      case "wish":
        return this.#carryOutWish(loaded, action.wish, action.command);
      case "shell":
        await away(() => this.#world.shell(action.containerId));
        return done("the shell has ended");
      case "browse":
        await this.#world.browse(action.url);
        return done(`opened ${action.url}`);
      case "copy":
        terminal.copy(action.text);
        return done(`copied ${action.text}`);
    }
  }

  async #drawPlan(loaded: LoadedProject, wish: Wish): Promise<void> {
    const { dispatch } = this.#options;
    try {
      const fresh = await this.#fresh(loaded, wish);
      const plan = await this.#world.plan(fresh, wish);
      const { printPlan } = await import("../../plan/print-plan.js");
      const text = printPlan(plan, { baseDir: fresh.project?.workingDir ?? "/" });
      dispatch({ kind: "planned", wish, plan, text });
    } catch (error) {
      dispatch({ kind: "planned", wish, problem: messageOf(error) });
    }
  }

  /** Somebody edits the files while the console is open: what they ask for is what the command would read now. */
  async #fresh(loaded: LoadedProject, { kind }: Wish): Promise<LoadedProject> {
    if (kind !== "up" && kind !== "scale") return loaded;
    const fresh = await this.#options.reload();
    if (!fresh.project && loaded.project) throw new Error(fresh.problems.join("\n") || "The Compose file is gone");
    return fresh;
  }

  async #carryOutWish(loaded: LoadedProject, wish: Wish, command: string): Promise<void> {
    const fresh = await this.#fresh(loaded, wish);
    if (wish.kind === "up" || wish.kind === "scale") await this.#trust(fresh);
    return this.#follow(command, (run) => this.#world.carryOut(fresh, wish, run));
  }

  async #trust(loaded: LoadedProject): Promise<void> {
    if (await this.#world.mustTrust(loaded)) await this.#options.away(() => this.#world.trust(loaded));
  }

  async #follow(command: string, carryOut: (run: ConsoleRun) => Promise<RunOutcome>): Promise<void> {
    const { dispatch, signal } = this.#options;
    if (this.#run) throw new Error("Something is being done already; it is on the plan screen");
    const run = new AbortController();
    this.#run = run;
    dispatch({ kind: "run-started", command });
    try {
      const { outcome, failures } = await carryOut({
        command: command.split(" ").find((word) => runWords.includes(word)) ?? "up",
        signal: AbortSignal.any([signal, run.signal]),
        emit: (event: ApplyEvent) => dispatch({ kind: "run-event", event }),
      });
      dispatch({ kind: "run-ended", outcome, failures: failures.flatMap(failureLines) });
    } catch (error) {
      dispatch({ kind: "run-ended", outcome: "failed", failures: messageOf(error).split("\n") });
    } finally {
      this.#run = undefined;
    }
  }

  async #inspect({ containerId, service }: Extract<Effect, { kind: "inspect" }>, loaded: LoadedProject): Promise<void> {
    const { dispatch, signal } = this.#options;
    const asked = ++this.#inspected;
    const environment = await environmentOf(loaded, service);
    const client = await this.#world.connect();
    const answer =
      containerId === ""
        ? {}
        : await client.containers.inspect(containerId, { signal }).then(
            (inspect) => ({ inspect }),
            (error: unknown) => ({ problem: messageOf(error) }),
          );
    // A later question has its own answer.
    if (asked === this.#inspected) dispatch({ kind: "inspected", service, environment, ...answer });
  }
}

/** Commands under whose name a run is announced. */
const runWords = ["up", "start", "stop", "restart", "scale"];

/** Where each variable of a service was written; empty without files. */
async function environmentOf({ project }: LoadedProject, service: string): Promise<ReadonlyMap<string, Explanation>> {
  const found = new Map<string, Explanation>();
  if (!project?.provenance) return found;
  const [{ explain }, { projectToConfig }, { printKeys }] = await Promise.all([
    import("../../compose/explain/explain.js"),
    import("../../compose/canonical/project-to-config.js"),
    import("../../compose/explain/find-keys.js"),
  ]);
  const config = projectToConfig(project, { rawDollars: true });
  for (const name of Object.keys(project.services.get(service)?.environment ?? {})) {
    const explanation = explain(project, printKeys(["services", service, "environment", name]), config);
    if (explanation) found.set(name, explanation);
  }
  return found;
}
