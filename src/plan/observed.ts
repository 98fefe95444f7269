/**
 * What an engine holds of a project, as plain values: the planner's second input. Taken by `apply/observe.ts`.
 *
 * Pure types. A snapshot; nothing here changes while a plan is drawn.
 */
import type { ContainerInspect, ContainerStatus, HealthStatus, MountPoint } from "../wire/container.js";
import type { TrashedVolume } from "../wire/history.js";
import type { ImageInspect } from "../wire/image.js";
import type { IpamPool } from "../wire/network.js";
import type { BuildSources } from "./build/build-sources.js";

export interface ObservedState {
  /** The project's containers in every state, one-offs included, sorted by name. */
  readonly containers: readonly ObservedContainer[];
  /** Every network of the engine: the project's, external ones, and those that merely bear a wanted name. */
  readonly networks: readonly ObservedNetwork[];
  readonly volumes: readonly ObservedVolume[];
  /** In the trash because a removal ended halfway, by name: they come back rather than being made anew. */
  readonly halfRemoved?: ReadonlyMap<string, TrashedVolume>;
  /** By the name the project writes; an image that is not there has no entry. */
  readonly images: ReadonlyMap<string, ImageInspect>;
  /** SHA-256 in hex of the host files that configs bind, by absolute path; unreadable ones are absent. */
  readonly fileDigests: ReadonlyMap<string, string>;
  /** Keyed digests of secrets' contents, by the secrets' keys; unreadable ones are absent. */
  readonly secretDigests: ReadonlyMap<string, string>;
  /** When each of these files was last changed, in milliseconds since the epoch, by absolute path. */
  readonly fileTimes: ReadonlyMap<string, number>;
  /** What the builds of services read, by their names; missing where nobody asked. */
  readonly builds?: ReadonlyMap<string, ObservedBuild>;
  /** Whose engine it is: what plans may do differs by it. */
  readonly engine: "gantry" | "docker" | "podman" | "other";
  /** The engine can flip published ports and names from one container to another. */
  readonly takesOver?: boolean;
}

/** `before`: what the image that is here was built from, where that is known. `now`: absent where it cannot be read. */
export interface ObservedBuild {
  readonly before?: BuildSources;
  readonly now?: BuildSources;
}

export interface ObservedContainer {
  readonly id: string;
  /** Without the slash. */
  readonly name: string;
  /** "" when the label is missing. */
  readonly service: string;
  readonly number: number;
  readonly isOneOff: boolean;
  /** It ran a `pre_start` hook that failed, and was kept for a look. It counts as a one-off. */
  readonly isHook?: boolean;
  readonly state: ContainerStatus;
  /** Of the last run; undefined unless exited. */
  readonly exitCode?: number;
  /** Undefined without a health check. */
  readonly health?: HealthStatus;
  /** It publishes nothing: it was made to replace another one, or has been replaced. */
  readonly isOnStandby?: boolean;
  /** True when a person or a tool stopped it, false when it ended by itself, undefined when the engine does not say. */
  readonly wasStopped?: boolean;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Network ids by network name; an id is "" until the first start. */
  readonly networks: ReadonlyMap<string, string>;
  readonly mounts: readonly MountPoint[];
  /** Seconds since the epoch. */
  readonly createdAt: number;
  /** Present for the containers of services, which are compared field by field. */
  readonly details?: ContainerInspect;
  /** The image it was made from, where that is another one than its service's image now, or where that is not here. */
  readonly madeFrom?: ImageInspect;
}

export interface ObservedNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What the engine tells of it; missing where nobody asked. */
  readonly shown?: {
    readonly driver: string;
    readonly internal: boolean;
    readonly attachable: boolean;
    readonly enableIPv6: boolean;
    readonly pools: readonly IpamPool[];
    readonly options: Readonly<Record<string, string>>;
  };
}

export interface ObservedVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What the engine tells of it; missing where nobody asked. */
  readonly shown?: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
}

/** Nothing there at all: what a project meets on its first `up`. */
export const nothingObserved: ObservedState = {
  containers: [],
  networks: [],
  volumes: [],
  images: new Map(),
  fileDigests: new Map(),
  secretDigests: new Map(),
  fileTimes: new Map(),
  engine: "gantry",
};
