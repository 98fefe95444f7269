/** What the parts of this room share: the rooms below, the paths on disk, and facts of the host. */
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import type { Images } from "../images/images.js";
import type { Layers } from "../layers/layers.js";
import type { Networks } from "../networks/networks.js";
import type { SpecHost } from "../runtime/spec/spec-input.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import type { Volumes } from "../volumes/volumes.js";
import type { Events } from "./containers.js";
import type { HostFacts } from "./create/host-config.js";
import type { ContainerIndex } from "./record/container-index.js";

/**
 * `bootId` is `/proc/sys/kernel/random/boot_id`; `report` writes to the engine's own log, for failures nobody waits
 * for.
 */
export interface Rooms {
  readonly clock: Clock;
  readonly images: Images;
  readonly layers: Layers;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly supervisor: Supervisor;
  readonly events: Events;
  readonly index: ContainerIndex;
  readonly paths: Paths;
  readonly host: HostFacts & {
    readonly seLinux: boolean;
    /** Absolute path in the cgroup hierarchy, below which each container has its own. */
    readonly cgroupParent: string;
    readonly spec: SpecHost;
    /** Where devices are described; undefined: the usual places. */
    readonly cdiDirectories?: readonly string[];
  };
  readonly bootId: string;
  readonly report: (message: string, error: unknown) => void;
}

/** Where a container's things are. The state directory lives as long as the container, the run directory as one run. */
export class Paths {
  readonly #stateDir: string;
  readonly #runDir: string;

  /** Both absolute; `runDir` is on a file system that a reboot empties. */
  constructor(stateDir: string, runDir: string) {
    this.#stateDir = stateDir;
    this.#runDir = runDir;
  }

  /** One directory for each container that exists or is being made. */
  states(): string {
    return this.#stateDir;
  }

  runs(): string {
    return this.#runDir;
  }

  /** The boot in which the last engine restored. */
  bootMark(): string {
    return join(this.#stateDir, "boot-id");
  }

  state(id: string): string {
    return join(this.#stateDir, id);
  }

  /** `hosts`, `hostname` or `resolv.conf`, written anew at each start. */
  etcFile(id: string, name: string): string {
    return join(this.state(id), name);
  }

  log(id: string): string {
    return join(this.state(id), "container.log");
  }

  /** Contents of injected files, mode 0600. */
  storedFiles(id: string): string {
    return join(this.state(id), "files");
  }

  /** Its being there says that something of a run may be left: processes, mounts, a network namespace. */
  run(id: string): string {
    return join(this.#runDir, id);
  }

  /** The bundle that the OCI runtime reads. */
  bundle(id: string): string {
    return join(this.run(id), "bundle");
  }

  /** A /dev/shm that other containers may join. */
  shm(id: string): string {
    return join(this.run(id), "shm");
  }

  /** Injected files as the container sees them. */
  runFiles(id: string): string {
    return join(this.run(id), "files");
  }

  /** Where the subpath of its mount number `at` is bound: beside the run directory, which is removed recursively. */
  subpath(id: string, at: number): string {
    return join(this.#runDir, `subpath-${id}-${at}`);
  }

  /** Says that a user asked this run to end: the exit then starts no restart, even if an engine died in between. */
  stopMark(id: string): string {
    return join(this.run(id), "stop-requested");
  }
}
