/**
 * Processes of containers, as `containers/` sees them: every one is held by a conmon, which keeps its stdio, writes its
 * log
 * and its exit file, and outlives the engine. Implemented by `conmon-supervisor.ts`.
 *
 * Life of a container's process: `create` (conmon runs the OCI runtime's create; namespaces exist, the process waits) →
 * `attach` if somebody wants its stdio from the first byte → `start` → exit, told once by `onExit` (also for exits that
 * happened while no engine ran, after `adopt`) → `delete` (the runtime's state goes). A crash at any point leaves
 * conmon, its pid file and its exit file, which `adopt` reads.
 */
import type { Duplex } from "node:stream";
import type { OciSpec } from "../../oci/runtime-spec.js";
import type { Sandbox } from "../networks/networks.js";

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. */
  readonly startTicks: number;
  readonly bootId: string;
}

export interface ProcessRequest {
  readonly containerId: string;
  readonly spec: OciSpec;
  /** Bundle directory (absolute, exists); `config.json` is written there. */
  readonly bundleDir: string;
  /** `undefined`: no log is kept. */
  readonly logPath: string | undefined;
  readonly tty: boolean;
  /** Keep a stdin pipe open. */
  readonly openStdin: boolean;
  /**
   * With `openStdin`: the end of the first attached client's input, or its leaving, closes the process's stdin. Default
   * true; false keeps stdin open.
   */
  readonly stdinOnce?: boolean;
  /** OCI runtime by name; undefined means the engine's default. */
  readonly runtime?: string;
  readonly sandbox?: Sandbox;
}

/**
 * `exitCode` is 128+n after signal n. `oomKilled` is true when the kernel's OOM killer ended a process of the cgroup.
 */
export interface ProcessExit {
  readonly containerId: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly finishedAt: Date;
}

/**
 * A live connection to a container's or exec's stdio. Output arrives raw with its stream; ends when the process's stdio
 * closes.
 */
export interface AttachedStdio {
  /**
   * Writes go to stdin; `end` half-closes it. Reads are frames as `wire/stream.ts` encodes them, or raw bytes with a
   * TTY.
   */
  readonly stream: Duplex;
  resize(size: { height: number; width: number }): void;
  close(): void;
}

export interface ExecRequest {
  readonly containerId: string;
  readonly execId: string;
  /** `process` object of the runtime spec. */
  readonly process: OciSpec["process"];
  readonly attach: boolean;
  readonly openStdin: boolean;
}
export interface RunningExec {
  readonly pid: number;
  /** Present when `attach` was asked for; connected before the process starts, so that no byte is lost. */
  readonly stdio?: AttachedStdio;
  /** Resolves with the exit code after all output was delivered. Survives only as long as the engine. */
  readonly exited: Promise<number>;
  kill(signal: number): void;
}

export interface Supervisor {
  /**
   * Throws "command-not-found", "runtime-failed", "container-start-failed" with the runtime's own reason; leaves
   * nothing behind.
   */
  create(request: ProcessRequest, signal: AbortSignal): Promise<ProcessIdentity>;
  attach(containerId: string, options: { tty: boolean }): Promise<AttachedStdio>;
  /** Resolves when the runtime has started the process. Throws "command-not-found" and others as `create`. */
  start(containerId: string): Promise<void>;
  /** Sends a signal after checking the identity. False when the process is gone. */
  kill(process: ProcessIdentity, signal: number): boolean;
  /** Signals every process of the container's cgroup, for what is left after pid 1. */
  killAll(containerId: string): Promise<void>;
  pause(containerId: string): Promise<void>;
  resume(containerId: string): Promise<void>;
  exec(request: ExecRequest, signal: AbortSignal): Promise<RunningExec>;
  /** Removes the runtime's state, cgroup, exit and pid files. Idempotent. */
  delete(containerId: string): Promise<void>;
  /**
   * After an engine restart: is it still running? Watches it again, or reports the exit that was missed through
   * `onExit`.
   */
  adopt(containerId: string, process: ProcessIdentity): Promise<"running" | "exited" | "lost">;
  /** Asks conmon to open its log file anew, after a rename. */
  reopenLog(containerId: string): Promise<void>;
  /** Called once per exit of a container's process. One listener: `containers/`. */
  onExit: (exit: ProcessExit) => void;
  /** Called when the kernel ended a process of a container that lacked memory, also when the container lives on. */
  onOom?: (containerId: string) => void;
  close(): Promise<void>;
}
