/**
 * The calls that the tool makes to an engine, whichever it is: ours, Docker's or Podman's. Implemented by `http-
 * client.ts`.
 *
 * Every call takes a signal. Errors of the engine arrive as `GantryError` with the code our engine sends, or one
 * derived
 * from status and route; an engine that cannot be reached is "engine-unavailable".
 */
import type { Duplex } from "node:stream";
import type * as container from "../wire/container.js";
import type { Filters } from "../wire/filters.js";
import type * as image from "../wire/image.js";
import type { LogFile } from "../wire/log-line.js";
import type * as network from "../wire/network.js";
import type { StreamFrame } from "../wire/stream.js";
import type * as system from "../wire/system.js";
import type * as volume from "../wire/volume.js";
import type { BuildCalls } from "./build-calls.js";
import type { EngineIdentity } from "./engines/engine-identity.js";
import type { HistoryCalls, TrashCalls } from "./history-calls.js";
import type { UpkeepCalls } from "./upkeep-calls.js";

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface LogQuery {
  readonly follow?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** Seconds since the epoch, fractions allowed. */
  readonly since?: number;
  readonly until?: number;
  readonly tail?: number | "all";
  readonly timestamps?: boolean;
  /** With the attributes that the log driver was given. */
  readonly details?: boolean;
}

/**
 * An upgraded connection. `tty` tells whether the bytes are raw or framed (`wire/stream.ts`). `end` half-closes stdin.
 */
export interface Hijacked {
  readonly stream: Duplex;
  readonly tty: boolean;
}

export interface EngineClient {
  /** What answers, as it was found when the client connected. */
  readonly engine: EngineIdentity;
  readonly containers: {
    list(
      query: { all?: boolean; limit?: number; size?: boolean; filters?: Filters },
      call?: CallOptions,
    ): Promise<container.ContainerSummary[]>;
    /** With `size` an engine also measures what the container wrote. */
    inspect(id: string, call?: CallOptions & { readonly size?: boolean }): Promise<container.ContainerInspect>;
    /** All its networks and files with it; "not-supported" names what the engine would drop in silence. */
    create(
      name: string | undefined,
      body: container.ContainerCreateBody,
      call?: CallOptions,
    ): Promise<container.ContainerCreateReply>;
    /** False when it already ran. */
    start(id: string, call?: CallOptions): Promise<boolean>;
    /** False when it was not running. */
    stop(id: string, options?: { timeoutS?: number; signal?: string }, call?: CallOptions): Promise<boolean>;
    restart(id: string, options?: { timeoutS?: number; signal?: string }, call?: CallOptions): Promise<void>;
    kill(id: string, signal: string, call?: CallOptions): Promise<void>;
    pause(id: string, call?: CallOptions): Promise<void>;
    unpause(id: string, call?: CallOptions): Promise<void>;
    rename(id: string, name: string, call?: CallOptions): Promise<void>;
    /** Gantry's own, for an engine that `canTakeOver`. False when it is so already. */
    takeOver(id: string, from: string | undefined, call?: CallOptions): Promise<boolean>;
    /** Gantry's own: how many connections clients have with it, now and as they end; the last one is 0. */
    connections(id: string, call?: CallOptions): AsyncIterable<number>;
    /** `link` removes a link of the default network, named `/child/alias`, in place of a container. */
    remove(
      id: string,
      options?: { force?: boolean; volumes?: boolean; link?: boolean },
      call?: CallOptions,
    ): Promise<void>;
    /** `registered` resolves when the engine has begun to wait (headers came), so that a start may follow. */
    wait(
      id: string,
      condition: "not-running" | "next-exit" | "removed",
      call?: CallOptions,
    ): { registered: Promise<void>; exited: Promise<container.WaitReply> };
    /** Frames; a TTY container's output comes as stdout. Pass `tty` as `inspect` tells it. */
    logs(id: string, query: LogQuery & { tty: boolean }, call?: CallOptions): AsyncIterable<StreamFrame>;
    /** Gantry's own: the files of its log, the oldest first. "not-supported" on other engines. */
    logFiles(id: string, call?: CallOptions): Promise<LogFile[]>;
    /** Gantry's own: bytes of one of them as they stand (`wire/log-line.ts`). "path-not-found" when it is gone. */
    readLogFile(
      id: string,
      stretch: { file: string; offset: number; bytes: number },
      call?: CallOptions,
    ): Promise<Buffer>;
    attach(
      id: string,
      options: { stdin: boolean; stdout: boolean; stderr: boolean; logs?: boolean; tty: boolean; detachKeys?: string },
      call?: CallOptions,
    ): Promise<Hijacked>;
    resize(id: string, size: { height: number; width: number }, call?: CallOptions): Promise<void>;
    top(id: string, psArgs?: string, call?: CallOptions): Promise<{ Titles: string[]; Processes: string[][] }>;
  };
  readonly execs: {
    create(containerId: string, body: container.ExecCreateBody, call?: CallOptions): Promise<string>;
    start(execId: string, options: { tty: boolean; size?: [number, number] }, call?: CallOptions): Promise<Hijacked>;
    startDetached(execId: string, call?: CallOptions): Promise<void>;
    resize(execId: string, size: { height: number; width: number }, call?: CallOptions): Promise<void>;
    inspect(execId: string, call?: CallOptions): Promise<container.ExecInspect>;
  };
  readonly images: {
    list(query: { all?: boolean; filters?: Filters }, call?: CallOptions): Promise<image.ImageSummary[]>;
    inspect(name: string, call?: CallOptions & { readonly platform?: string }): Promise<image.ImageInspect>;
    /** Messages until the pull has ended; a failure in the stream is thrown. `auth` is the X-Registry-Auth header. */
    pull(
      name: string,
      options?: { platform?: string; auth?: string; allTags?: boolean },
      call?: CallOptions,
    ): AsyncIterable<image.ProgressMessage>;
    importRootfs(
      tar: AsyncIterable<Uint8Array>,
      options: { reference?: string; changes?: readonly string[]; message?: string; platform?: string },
      call?: CallOptions,
    ): AsyncIterable<image.ProgressMessage>;
    tag(name: string, reference: string, call?: CallOptions): Promise<void>;
    /** What the name stands for in its registry now. */
    remoteDigest(name: string, call?: CallOptions & { readonly auth?: string }): Promise<string>;
    remove(
      name: string,
      options?: { force?: boolean; noprune?: boolean; platform?: string },
      call?: CallOptions,
    ): Promise<image.ImageDeleteItem[]>;
  };
  readonly networks: {
    list(filters?: Filters, call?: CallOptions): Promise<network.NetworkInspect[]>;
    inspect(id: string, call?: CallOptions & { readonly verbose?: boolean }): Promise<network.NetworkInspect>;
    create(body: network.NetworkCreateBody, call?: CallOptions): Promise<network.NetworkCreateReply>;
    remove(id: string, call?: CallOptions): Promise<void>;
    connect(id: string, body: network.NetworkConnectBody, call?: CallOptions): Promise<void>;
    disconnect(id: string, body: network.NetworkDisconnectBody, call?: CallOptions): Promise<void>;
  };
  readonly volumes: {
    list(filters?: Filters, call?: CallOptions): Promise<volume.VolumeInspect[]>;
    inspect(name: string, call?: CallOptions): Promise<volume.VolumeInspect>;
    create(body: volume.VolumeCreateBody, call?: CallOptions): Promise<volume.VolumeInspect>;
    remove(name: string, options?: { force?: boolean }, call?: CallOptions): Promise<void>;
  };
  readonly system: {
    ping(call?: CallOptions): Promise<{ apiVersion: string }>;
    version(call?: CallOptions): Promise<system.VersionReply>;
    info(call?: CallOptions): Promise<Record<string, unknown>>;
    /** Tries credentials at their registry. Throws "registry-denied". */
    auth(body: system.AuthBody, call?: CallOptions): Promise<{ Status: string; IdentityToken?: string }>;
    /** Live events; iteration begins once the engine has subscribed us (`onSubscribed` is called then). */
    events(
      query: { since?: number; until?: number; filters?: Filters; onSubscribed?: () => void },
      call?: CallOptions,
    ): AsyncIterable<system.EngineEvent>;
    /** Gantry's own routes; "not-supported" on other engines. */
    status(call?: CallOptions): Promise<system.EngineStatus>;
    shutdown(call?: CallOptions): Promise<void>;
    /** What `inspect` tells of each of the containers, in one call; undefined of engines that are too old for it. */
    inspections(filters: Filters, call?: CallOptions): Promise<container.ContainerInspect[] | undefined>;
    /** The fixed host ports among these that cannot be had now. */
    takenPorts(ports: container.PortMap, call?: CallOptions): Promise<system.TakenPort[]>;
    /**
     * Holds the project's apply lock until `release`. Says who holds it when `wait` is false and it is taken ("engine-
     * locked").
     */
    lockProject(
      project: string,
      options: { wait: boolean; holder: string; onWaiting?: (holder: string) => void },
      call?: CallOptions,
    ): Promise<{ release(): Promise<void> }>;
  };
  readonly builds: BuildCalls;
  /** Archives in and out; what is used, and what nobody uses any more. */
  readonly upkeep: UpkeepCalls;
  /** Of our own engine; others refuse them by name. */
  readonly history: HistoryCalls;
  readonly trash: TrashCalls;
  close(): void;
}
