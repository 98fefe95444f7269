/** Puts the room together: what `engine.ts` calls. */
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import type { Images } from "../images/images.js";
import type { Layers } from "../layers/layers.js";
import type { Networks } from "../networks/networks.js";
import { type DamagedRecord, JsonRecords } from "../store/json-records.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import type { Volumes } from "../volumes/volumes.js";
import { ContainerStore } from "./container-store.js";
import type { Events } from "./containers.js";
import { ContainerIndex, type RecordStore } from "./record/container-index.js";
import { type ContainerRecord, parseContainerRecord } from "./record/container-record.js";
import { Paths, type Rooms } from "./rooms.js";

export interface ContainersOptions {
  /** `records` and a directory for each container are made in it. */
  readonly stateDir: string;
  /** A directory for each run is made in it; on a file system that a reboot empties. */
  readonly runDir: string;
  readonly clock: Clock;
  readonly images: Images;
  readonly layers: Layers;
  readonly volumes: Volumes;
  readonly networks: Networks;
  /** Its `onExit` belongs to this room from here on. */
  readonly supervisor: Supervisor;
  readonly events: Events;
  readonly host: Rooms["host"];
  readonly bootId: string;
  /** A damaged record was set aside. */
  readonly onDamaged: (damaged: DamagedRecord) => void;
  /** For the engine's own log: failures that no request waits for. */
  readonly report: Rooms["report"];
}

/** Opens the records. Nothing is looked at or started before `restore`, which has to be called before anything else. */
export async function createContainers(options: ContainersOptions): Promise<ContainerStore> {
  const records = await JsonRecords.open<ContainerRecord>({
    directory: join(options.stateDir, "records"),
    schema: 1,
    parse: (value, key) => {
      const record = parseContainerRecord(value);
      if (!record || record.id !== key) throw new Error("it is no container");
      return record;
    },
    onDamaged: options.onDamaged,
  });
  return containersOver(records, options);
}

/** The same over any store of records that keeps its promises. */
export function containersOver(
  records: RecordStore,
  { stateDir, runDir, ...rooms }: Omit<ContainersOptions, "onDamaged">,
): ContainerStore {
  const paths = new Paths(join(stateDir, "state"), runDir);
  return new ContainerStore({ ...rooms, paths, index: new ContainerIndex(records) });
}
