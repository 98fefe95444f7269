/**
 * The full-screen console's door to the world: made by `cli/`, walked through by `tui/`, because the two are strangers.
 */
import type { Clock } from "../base/clock.js";
import type { EngineClient } from "../client/engine-client.js";
import type { Project } from "../compose/project.js";
import type { Plan } from "../plan/operation.js";
import type { ApplyEvent, FailureCard } from "./apply-events.js";

/** A project as far as it is known: `problems` are lines for people, and `project` is absent when they are errors. */
export interface LoadedProject {
  readonly name?: string;
  readonly project?: Project;
  readonly problems: readonly string[];
  /** What stands before a command's name to mean this project: `gantry`, `gantry -p shop`. */
  readonly command: string;
}

/** A project that containers of the engine bear the name of. */
export interface ProjectName {
  readonly name: string;
  /** Absolute; empty when no label tells. */
  readonly configFiles: readonly string[];
  readonly workingDir?: string;
}

/** What is asked of a project. Empty `services` are all. */
export type Wish =
  | { readonly kind: "up"; readonly services: readonly string[] }
  | { readonly kind: "start" | "stop" | "restart"; readonly services: readonly string[] }
  | { readonly kind: "scale"; readonly service: string; readonly count: number };

/** How carrying out a plan ended. */
export interface RunOutcome {
  readonly outcome: "succeeded" | "failed" | "rolled-back" | "cancelled";
  readonly failures: readonly FailureCard[];
}

/** `command` is for the events. */
export interface ConsoleRun {
  readonly command: string;
  readonly signal: AbortSignal;
  readonly emit: (event: ApplyEvent) => void;
}

/** Why the console has to go although nobody asked it to. */
export type Ending = { readonly kind: "hang-up" } | { readonly kind: "crash"; readonly error: unknown };

export interface ConsoleWorld {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly color: boolean;
  readonly clock: Clock;
  readonly version: string;
  /** Aborted when the console is to end. */
  readonly signal: AbortSignal;
  connect(): Promise<EngineClient>;
  /**
   * Where the project most likely lives, so that its containers are shown before its files have been read; undefined
   * when the command line names another.
   */
  readonly folder?: string;
  /** The project of the command line, or one that was found on the engine. */
  load(other?: ProjectName): Promise<LoadedProject>;
  /** True where files from elsewhere have to be trusted first, and nobody has been asked about them. */
  mustTrust(loaded: LoadedProject): Promise<boolean>;
  /** Asks, on this terminal; the caller has left it alone. Throws "cancelled" for a no. */
  trust(loaded: LoadedProject): Promise<void>;
  /** Draws what a wish comes to now; changes nothing. */
  plan(loaded: LoadedProject, wish: Wish): Promise<Plan>;
  /** Does, under the project's lock, what the command of the wish's name does. */
  carryOut(loaded: LoadedProject, wish: Wish, run: ConsoleRun): Promise<RunOutcome>;
  /**
   * Carries out that very plan of `plan`, under the project's lock. Throws "plan-moved", and does nothing, when
   * something it was drawn from is another now.
   */
  apply(plan: Plan, run: ConsoleRun): Promise<RunOutcome>;
  /** An interactive shell in a container on this terminal, until it ends. The caller has left the terminal alone. */
  shell(containerId: string): Promise<void>;
  /** Shows an address in the user's browser. Throws where there is none. */
  browse(url: string): Promise<void>;
  /** A hang-up of the terminal and errors that nobody caught are the listener's, until the result is called. */
  takeEndings(listener: (ending: Ending) => void): () => void;
}

/** Runs until the user leaves. A rejection is an error to be reported; the terminal has been given back. */
export type ConsoleProgram = (world: ConsoleWorld) => Promise<void>;
