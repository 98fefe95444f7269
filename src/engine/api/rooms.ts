/** What the routes work on: the engine's rooms, and facts that do not change while it runs. */
import type { History, HistoryUpkeep } from "../../history/history.js";
import type { RegistryConfig } from "../../registry/registry-config.js";
import type { EngineStatus } from "../../wire/system.js";
import type { Builder } from "../builder/builder.js";
import type { Containers, Events } from "../containers/containers.js";
import type { Images } from "../images/images.js";
import type { Networks } from "../networks/networks.js";
import type { VolumeTrash } from "../volumes/volume-trash.js";
import type { Volumes } from "../volumes/volumes.js";
import type { Activity } from "./activity.js";
import type { ProjectLocks } from "./project-locks.js";

export interface EngineFacts extends Omit<EngineStatus, "containers" | "running" | "idleExitAt"> {
  /** Of the helpers: `runc` → version text. */
  readonly components: ReadonlyArray<{ readonly name: string; readonly version: string }>;
  /** The OCI runtimes that work here, the default first. */
  readonly runtimes: ReadonlyArray<{ readonly name: string; readonly path: string }>;
  readonly kernelVersion: string;
  readonly operatingSystem: string;
  readonly operatingSystemVersion: string;
  /** As Go has it: `amd64`. */
  readonly architecture: string;
  /** As the kernel has it: `x86_64`. */
  readonly machine: string;
  /** The file system of the state root, as `extfs`. */
  readonly backingFileSystem: string;
  readonly hostname: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Stable for the state root; tells engines of one host apart. */
  readonly instanceId: string;
  readonly securityOptions: readonly string[];
  /** Mirrors by registry host, and the registries that are spoken to without TLS. */
  readonly registries: RegistryConfig;
}

export interface ApiRooms {
  readonly builder: Pick<Builder, "build" | "usage" | "prune">;
  readonly containers: Containers;
  readonly events: Events;
  readonly images: Images;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly trash: Pick<VolumeTrash, "put" | "list" | "restore" | "purge" | "expired">;
  readonly history: History & HistoryUpkeep;
  readonly facts: EngineFacts;
  readonly activity: Activity;
  readonly locks: ProjectLocks;
  /** Begins a clean end of the engine; containers run on. */
  readonly shutDown: () => void;
}
