/**
 * Bodies of the system routes and of `/events`, as the Docker Engine API 1.51 has them, and Gantry's own `/gantry/…`.
 */
import type { PortMap } from "./container.js";

/** The newest Engine API version that Gantry serves and speaks, and the oldest it accepts. */
export const apiVersion = "1.51";

/** What this version can do under `/gantry/…`, by which a client sees what an engine of another version can. */
export const gantryFeatures: readonly string[] = ["take-over"];
export const minApiVersion = "1.24";

export interface VersionReply {
  Platform: { Name: string };
  Components: Array<{ Name: string; Version: string; Details: Record<string, string> }>;
  Version: string;
  ApiVersion: string;
  MinAPIVersion: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  KernelVersion: string;
  BuildTime: string;
}

/** `POST /auth`: credentials to be tried. */
export interface AuthBody {
  username?: string;
  password?: string;
  identitytoken?: string;
  serveraddress?: string;
  email?: string;
}

export type EventType = "builder" | "container" | "daemon" | "image" | "network" | "volume";
/** `Actor.Attributes` of a container event holds its labels, `image`, `name` (no slash) and the action's extras. */
export interface EngineEvent {
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: "local";
  time: number;
  timeNano: number;
  status?: string;
  id?: string;
  from?: string;
}

/** `GET /gantry/status`. `pid` is the engine's; `idleExitAt` is when it will end by itself, if nothing happens. */
export interface EngineStatus {
  pid: number;
  version: string;
  apiVersion: string;
  stateRoot: string;
  socket: string;
  startedAt: string;
  containers: number;
  running: number;
  runtime: string;
  cgroupVersion: 1 | 2;
  storageDriver: string;
  idleExitAt: string | null;
}

/**
 * `POST /gantry/ports/check`: ports as a container would publish them. Those without one fixed host port are not looked
 * at.
 */
export interface PortCheckBody {
  Ports?: PortMap | null;
}
export interface PortCheckReply {
  Taken: TakenPort[];
}

/**
 * A host port that cannot be had now. `Container` is the id of the engine's own container that publishes it, if one
 * does.
 */
export interface TakenPort {
  HostIp: string;
  HostPort: string;
  Type: "tcp" | "udp" | "sctp";
  Container?: string;
}

export interface ErrorReply {
  message: string;
  /** Gantry's own: the stable code and the next step; other engines send neither. */
  code?: string;
  hint?: string;
}
