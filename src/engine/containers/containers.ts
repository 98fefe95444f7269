/**
 * Containers as the API sees them. Implemented by `container-store.ts` and its neighbours.
 *
 * States are Docker's: created → running ⇄ paused → exited, restarting between runs, removing, dead. Every change is
 * durable before it is reported. Methods take a name, an id or a unique id prefix and throw "container-not-found".
 */

import type * as wire from "../../wire/container.js";
import type { LogFile } from "../../wire/log-line.js";
import type { EndpointSettings } from "../../wire/network.js";
import type { ContainerStats } from "../../wire/stats.js";
import type { EngineEvent } from "../../wire/system.js";
import type { StoredImage } from "../images/images.js";
import type { AttachedStdio } from "../supervisor/supervisor.js";
import type { ContainerFiles } from "./files/container-files.js";
import type { UpdateBody } from "./resources/update.js";

export type { UpdateBody };

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Fractional seconds since the epoch. */
  readonly since?: number;
  readonly until?: number;
  /** Last n lines; undefined means all. */
  readonly tail?: number;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Each line begins with the labels and variables that the log's options name. */
  readonly details?: boolean;
}

export interface Containers {
  /** Archives in and out, what a container changed, its whole tree. */
  readonly files: ContainerFiles;
  /**
   * Resolves names and merges the image's config; makes the writable layer and anonymous volumes. `image` is for a
   * build's step, which stands on no image that has a name or an id yet.
   */
  create(
    name: string | undefined,
    body: wire.ContainerCreateBody,
    image?: StoredImage,
  ): Promise<wire.ContainerCreateReply>;
  /**
   * False when it already runs. Throws "port-in-use", "command-not-found", "network-not-found", …; the state stays
   * `created`/`exited`.
   */
  start(id: string): Promise<boolean>;
  /** Signal, grace, SIGKILL. False when it was not running. `timeoutS` -1 waits for ever. */
  stop(id: string, options: { timeoutS?: number; signal?: string }): Promise<boolean>;
  restart(id: string, options: { timeoutS?: number; signal?: string }): Promise<void>;
  kill(id: string, signal: string): Promise<void>;
  pause(id: string): Promise<void>;
  unpause(id: string): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  /**
   * Ends a container's standby: it publishes its ports and answers to its names. With `from` it takes that container's
   * place and name, which stands by from then on. False when it is so already.
   */
  takeOver(id: string, from: string | undefined): Promise<boolean>;
  /**
   * How many connections clients have with it, now and as they end; 0 unless it runs in a network of its own. The last
   * one is 0, unless `signal` aborts.
   */
  connections(id: string, signal: AbortSignal): AsyncGenerator<number, void>;
  remove(id: string, options: { force: boolean; volumes: boolean }): Promise<void>;
  /** Resolves at the condition; the promise is made at once, so that a start right after the call is not missed. */
  wait(id: string, condition: "not-running" | "next-exit" | "removed", signal: AbortSignal): Promise<wire.WaitReply>;
  inspect(id: string): wire.ContainerInspect;
  list(query: {
    all: boolean;
    limit?: number;
    filters: Readonly<Record<string, readonly string[]>>;
  }): wire.ContainerSummary[];
  top(id: string, psArgs: string): Promise<{ Titles: string[]; Processes: string[][] }>;
  /**
   * Limits of the live cgroup and of the record, and the restart policy; returns what this host's kernel cannot do.
   * Throws "bad-parameter", "runtime-failed".
   */
  update(id: string, body: UpdateBody): Promise<string[]>;
  /** Each call reads once and tells the rates since the call before; they reject once the container is removed. */
  watchStats(id: string): () => Promise<ContainerStats>;
  /** Frames of `wire/stream.ts`, or raw bytes for a TTY. Follows through rotation and ends when the container stops. */
  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The files of its log, the oldest first; none for one that keeps no log. */
  logFiles(id: string): Promise<LogFile[]>;
  /** A stretch of one of them. Throws "path-not-found" when it was rotated away. */
  readLogFile(id: string, stretch: { file: string; offset: number; bytes: number }): Promise<Buffer>;
  attach(id: string): Promise<AttachedStdio>;
  resize(id: string, size: { height: number; width: number }): void;
  execCreate(id: string, body: wire.ExecCreateBody): string;
  /** Attached: the stdio. Detached: undefined, after the process has started. */
  execStart(execId: string, body: wire.ExecStartBody): Promise<AttachedStdio | undefined>;
  execResize(execId: string, size: { height: number; width: number }): void;
  execInspect(execId: string): wire.ExecInspect;
  connectNetwork(id: string, network: string, settings: EndpointSettings): Promise<void>;
  disconnectNetwork(id: string, network: string, options: { force: boolean }): Promise<void>;
  /** Names of the containers that use an image id, a volume name, a network id; for refusals and listings. */
  usersOf(what: { imageId: string } | { volume: string } | { network: string }): string[];
  /** Ids of the images that containers run from or mount. */
  usedImages(): Set<string>;
  /** Reads the records, adopts what runs, carries out missed exits and restart policies. Called once at start. */
  restore(): Promise<void>;
  /** Stops health checks and log rotation; containers run on. */
  close(): Promise<void>;
}

/** The engine's event journal: bounded history, live followers. Implemented by `event-journal.ts`. */
export interface Events {
  publish(event: Pick<EngineEvent, "Type" | "Action" | "Actor">): void;
  /** How many follow. */
  readonly listeners: number;
  /** Past events since `since` (seconds since the epoch), then live ones until `until` or the signal. */
  follow(
    query: { since?: number; until?: number; filters: Readonly<Record<string, readonly string[]>> },
    signal: AbortSignal,
  ): AsyncIterable<EngineEvent>;
}
