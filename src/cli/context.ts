/**
 * What a command may use of the world: everything comes through this value, so that commands run in tests too.
 *
 * `main.ts` builds the `CliEnvironment`; `program.ts` adds what the command line says and hands a `CliContext` to each
 * command.
 */
import type { Duplex } from "node:stream";
import type { ConsoleProgram, Ending } from "../apply/console.js";
import type { RendererFactory } from "../apply/event-renderer.js";
import type { Clock } from "../base/clock.js";
import type { EngineChoice } from "../client/choose/choose-engine.js";
import type { EngineClient } from "../client/engine-client.js";
import type { EngineStatus } from "../wire/system.js";
import type { DockerConfig } from "./registry-auth/docker-config.js";
import type { RunRecorder } from "./run-recorder.js";

/** Flags that stand before the command; the same as docker compose's, and `engine`. */
export interface GlobalOptions {
  readonly file?: readonly string[];
  readonly projectName?: string;
  /** Which copy of the project: `auto`, or a name. */
  readonly instance?: string;
  readonly projectDirectory?: string;
  readonly envFile?: readonly string[];
  readonly profile?: readonly string[];
  /** Networks, volumes, configs and secrets count even if no service uses them. */
  readonly allResources?: boolean;
  /** Names are joined by `_`, as Compose did before version 2. */
  readonly compatibility?: boolean;
  readonly progress?: "auto" | "tty" | "plain" | "json" | "quiet" | "none";
  readonly ansi?: "auto" | "never" | "always";
  /** Changing commands print what they would do, and do nothing. */
  readonly dryRun?: boolean;
  /** Engine calls at a time, as written. */
  readonly parallel?: string;
  /** `embedded`, `docker`, `podman`, an address as `ssh://user@host`, or the name of a docker context. */
  readonly engine?: string;
}

/** One thing the engine needs of this host; `fix` is a command or a sentence, present when it is not there. */
export interface HostFinding {
  readonly name: string;
  readonly state: "ok" | "warning" | "missing";
  readonly detail: string;
  readonly fix?: string;
}

/** Where an engine listens beside its socket, and who may use that. Files and addresses as written. */
export interface EngineFlags {
  readonly listen?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly socketGroup?: string;
}

/** Starting and stopping of the embedded engine, for the `engine` commands. */
export interface EngineControl {
  /** Where it lives, and the program (absolute) that is run as `PROGRAM engine run`. */
  paths(): Promise<{ program: string; stateRoot: string; runDir: string; socket: string }>;
  /** A connection to the engine of `choice`; the embedded one is started when it does not run. */
  dial(choice: EngineChoice): Promise<Duplex>;
  /** Undefined when no embedded engine runs. */
  status(): Promise<EngineStatus | undefined>;
  /** Starts it unless it runs. Throws "not-root", "engine-unavailable" with the reason. */
  start(flags?: EngineFlags): Promise<EngineStatus>;
  /** False when none ran. Resolves when the engine has let go of its state. Containers run on. */
  stop(): Promise<boolean>;
  /** Runs the engine in this process until it ends; the exit code. */
  run(options: EngineFlags & { readyFd?: number; idleMs?: number }): Promise<number>;
}

export interface CliEnvironment {
  /** The words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted by the first Ctrl-C or SIGTERM: wind down. The exit code is then 130. */
  readonly signal: AbortSignal;
  /** Aborted by the second one: stop at once, without grace. */
  readonly forced: AbortSignal;
  readonly clock: Clock;
  readonly version: string;
  /**
   * From now on signals are the command's: they no longer abort `signal`. The listener gets `SIGINT` or `SIGTERM`;
   * the function that is returned gives them back.
   */
  takeSignals(listener: (name: "SIGINT" | "SIGTERM") => void): () => void;
  /** The engine that a value of `--engine`, or without one the environment, stands for. Connects to nothing. */
  chooseEngine(flag: string | undefined): Promise<EngineChoice>;
  /** A client of the engine; the embedded one is started when it does not run. */
  connect(choice: EngineChoice): Promise<EngineClient>;
  readonly engine: EngineControl;
  /** The Ink progress view of `tui/`, loaded when called. Without it a terminal gets plain lines. */
  readonly loadProgressView?: () => Promise<RendererFactory>;
  /** The view of runs that build images and do nothing else. */
  readonly loadBuildView?: () => Promise<RendererFactory>;
  /** The full-screen console of `tui/`, loaded when called. */
  readonly loadConsole?: () => Promise<ConsoleProgram>;
  /**
   * From now on a hang-up of the terminal, and errors that nobody caught, are the listener's; the function that is
   * returned gives them back.
   */
  takeEndings(listener: (ending: Ending) => void): () => void;
  /** Calls `restore` as the program ends, however it does; the result takes that back. */
  atExit(restore: () => void): () => void;
  /** Looks at what the embedded engine needs of this host. */
  checkHost(): Promise<readonly HostFinding[]>;
}

export interface CliContext extends Omit<CliEnvironment, "connect" | "chooseEngine"> {
  /** Known once a command's action runs. */
  readonly globals: GlobalOptions;
  /** Hears what happens, for `--report`. */
  readonly recorder: RunRecorder;
  /**
   * Begins to connect while the command does something else, unless an engine would have to be started or logged in to
   * for it. What goes wrong is told by `connect`.
   */
  connectAhead(): void;
  /** Which engine the command line and the environment chose, and why. */
  chooseEngine(): Promise<EngineChoice>;
  /**
   * The engine that the command line or the environment chose; the same client at every call, closed at the end. It
   * sends this user's credentials with what leads to a registry.
   */
  connect(): Promise<EngineClient>;
  /** The docker CLI's `config.json` of this user: how listings look. */
  dockerConfig(): DockerConfig;
  /** Sets the exit code of the program; 0 unless it is called. */
  finish(exitCode: number): void;
}
