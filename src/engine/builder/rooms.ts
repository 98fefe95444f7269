/** What builds work with: the rooms below, and what all builds of this engine share. */
import type { Clock } from "../../base/clock.js";
import type { Containers } from "../containers/containers.js";
import type { Images } from "../images/images.js";
import type { SingleFlight } from "../images/single-flight.js";
import type { LayerStore } from "../layers/layer-store.js";
import type { BuildMessage } from "./build-request.js";
import type { Reach } from "./context/reach.js";
import type { Snapshots } from "./snapshots.js";
import type { CachedStep, StepCache } from "./step-cache.js";
import type { CacheMounts } from "./steps/cache-mounts.js";
import type { HashResult } from "./trees/build-job.js";
import type { BuildWorkers } from "./trees/build-workers.js";

export interface BuilderOptions {
  /** Absolute; `build/` below it is the builder's. */
  readonly stateRoot: string;
  readonly images: Images;
  readonly layers: LayerStore;
  readonly containers: Containers;
  readonly clock: Clock;
  readonly reach: Reach;
}

/** A message of a step that several builds may wait for. `number` tells the messages apart. */
export interface StepMessage {
  readonly number: number;
  readonly message: BuildMessage;
}

export interface BuildRooms extends BuilderOptions {
  readonly workers: BuildWorkers;
  readonly snapshots: Snapshots;
  readonly cache: StepCache;
  readonly flights: SingleFlight<CachedStep, StepMessage>;
  /** Digests of what was taken out of layers, which never change; see `remember`. */
  readonly digests: Map<string, HashResult>;
  /** Emptied at every start. */
  readonly scratch: string;
  readonly cacheMounts: CacheMounts;
  /** Directories of the cache mounts. */
  readonly cacheHome: string;
}

/** About 300 bytes each. Beyond it all are forgotten: finding one again costs a walk. */
const maxDigests = 10_000;

/** Keeps the digest of something that never changes. */
export function remember({ digests }: BuildRooms, key: string, found: HashResult): void {
  if (digests.size >= maxDigests) digests.clear();
  digests.set(key, found);
}
