/**
 * What the engine remembers of a container, on disk and in memory: one immutable value, replaced at every change.
 *
 * Pure. Secrets are not in it: an injected file is named by its place in the container's state directory.
 */
import { isRecord } from "../../../base/json.js";
import type { ContainerConfig, ContainerStatus, HealthState, HostConfig } from "../../../wire/container.js";
import type { EndpointSettings } from "../../../wire/network.js";
import type { Sandbox } from "../../networks/networks.js";
import type { ProcessIdentity } from "../../supervisor/supervisor.js";
import type { ResolvedMount } from "../mounts/resolved-mount.js";

/** Docker's "never", where a time has to be given. */
export const zeroTime = "0001-01-01T00:00:00Z";

/**
 * `config` and `hostConfig` are merged with the image and filled with defaults, and never change, except by `update`.
 */
export interface ContainerRecord {
  readonly id: string;
  /** Without slash. */
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly imageId: string;
  /** The image's layers, lowest first: they are below it even when the image has lost its names. */
  readonly chainIds: readonly string[];
  readonly platform: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** The networks it belongs to and what it asked of each, by the name or id that the request used. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly mounts: readonly ResolvedMount[];
  readonly files: readonly StoredFile[];
  readonly state: RunState;
}

/** An injected secret or config: `file` is its name in the `files` directory, `env` the variable it is the value of. */
export interface StoredFile {
  readonly file: string;
  readonly env?: string;
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** `process` and `sandbox` are there while a process exists. Times are RFC 3339 or `zeroTime`. */
export interface RunState {
  readonly status: ContainerStatus;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  readonly restartCount: number;
  /** The engine ends this run because it is unhealthy, and another one follows, whichever engine sees its exit. */
  readonly healing?: true;
  /** Set by stop and kill, cleared by start: the restart policy then leaves it alone. */
  readonly stoppedByUser: boolean;
  readonly process?: ProcessIdentity;
  readonly sandbox?: Sandbox;
  readonly health?: HealthState;
  /** While `removing`: the anonymous volumes go too. */
  readonly removesVolumes?: boolean;
  /** It publishes nothing and answers to no name: it has not taken over yet, or another one has. */
  readonly standby?: boolean;
  /** Whose place it took. A crash may have kept that one's record from saying so: `settledTakeOvers`. */
  readonly tookOverFrom?: string;
}

/** The state of a container that was never started. */
export const neverStarted: RunState = {
  status: "created",
  startedAt: zeroTime,
  finishedAt: zeroTime,
  exitCode: 0,
  error: "",
  oomKilled: false,
  restartCount: 0,
  stoppedByUser: false,
};

/** Ids of the images that it runs from or mounts. */
export function imagesOf({ imageId, mounts }: ContainerRecord): string[] {
  return [imageId, ...mounts.flatMap((mount) => (mount.kind === "image" ? [mount.imageId] : []))];
}

/** `record` with some members of its state replaced. */
export function withState(record: ContainerRecord, state: Partial<RunState>): ContainerRecord {
  return { ...record, state: { ...record.state, ...state } };
}

/**
 * Looks at a record from the disk; undefined when it is not one. Only what a crash or an edit could break is looked
 * at.
 */
export function parseContainerRecord(value: unknown): ContainerRecord | undefined {
  if (!isRecord(value) || !isRecord(value.state) || !isRecord(value.config) || !isRecord(value.hostConfig))
    return undefined;
  const { id, name, createdAt, imageId, endpoints, mounts, files } = value;
  const texts = [id, name, createdAt, imageId, value.state.status];
  if (!texts.every((text) => typeof text === "string" && text !== "")) return undefined;
  if (!/^[0-9a-f]{64}$/.test(String(id)) || !statuses.has(String(value.state.status))) return undefined;
  if (!Array.isArray(value.chainIds) || !isRecord(endpoints) || !Object.values(endpoints).every(isRecord))
    return undefined;
  if (!Array.isArray(mounts) || !mounts.every(isRecord) || !Array.isArray(files) || !files.every(isRecord))
    return undefined;
  if (!isAbsentOr(value.state.process, isProcess) || !isAbsentOr(value.state.sandbox, isSandbox)) return undefined;
  // The engine itself wrote the inner values, whole; their shape follows the schema version of the store.
  return value as unknown as ContainerRecord;
}

function isAbsentOr(value: unknown, check: (value: unknown) => boolean): boolean {
  return value === undefined || check(value);
}

function isProcess(value: unknown): boolean {
  return isRecord(value) && typeof value.pid === "number" && typeof value.startTicks === "number";
}

function isSandbox(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value.endpoints) || !isRecord(value.ports)) return false;
  return Object.values(value.endpoints).every(isRecord) && Array.isArray(value.nameServers);
}

const statuses = new Set(["created", "running", "paused", "restarting", "removing", "exited", "dead"]);
