/**
 * Volumes that were removed and can come back: a record each, and the volume's directory, moved and not copied.
 *
 * Touches the world. On disk a volume in the trash is `<directory>/records/…` and `<directory>/data/<id>`, on the file
 * system of the volumes. Order: the record in the trash comes first, then the directory moves, then the volume's own
 * record goes; the way back is the same the other way round. So after a crash the place of the directory tells which of
 * two records counts, and `open` removes the other one.
 *
 * What has lost its record by damage comes back as a volume `recovered-<id>`.
 *
 * What has expired goes at start and by one timer for the earliest; what is deleted is first renamed to
 * `<directory>/gone-<id>`, so that nothing comes back in parts.
 */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { GantryError, messageOf, systemCodeOf } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import type { TrashedVolume, TrashReply } from "../../wire/history.js";
import { recoveredLabel } from "../../wire/labels.js";
import { type DamagedRecord, JsonRecords } from "../store/json-records.js";
import { sizeOfSmallTree } from "./small-tree.js";
import { type DiskSpace, isPressed, type TrashLimits, tooMuch, whyNotKept } from "./trash-limits.js";
import { parseVolumeRecord, type VolumeRecord } from "./volume-record.js";
import type { VolumeStore } from "./volume-store.js";

export interface VolumeTrashOptions {
  /** On the file system of the volumes. */
  readonly directory: string;
  readonly volumes: VolumeStore;
  readonly clock: Clock;
  readonly limits: TrashLimits;
  /** Bytes of content of a directory, for large ones. */
  readonly measure: (path: string) => Promise<number>;
  readonly onDamaged: (damaged: DamagedRecord) => void;
  /** Told of failures that nobody waits for. */
  readonly log: (text: string) => void;
  /** Default: of the file system that `directory` is on. */
  readonly space?: () => Promise<DiskSpace>;
}

interface TrashRecord extends Omit<TrashedVolume, "name" | "labels"> {
  readonly volume: VolumeRecord;
}

/** On whose behalf a volume is removed. */
export interface TrashRequest {
  /** Asked at the last moment: measuring takes a while, and so may what else is done with the volume. */
  readonly usedBy: () => readonly string[];
  readonly project: string;
  readonly generation: number;
}

/** The longest that a timer can be set to; a later one follows. */
const maxTimerMs = 2 ** 31 - 1;

export class VolumeTrash {
  readonly #options: VolumeTrashOptions;
  readonly #records: JsonRecords<TrashRecord>;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** On their way back, which nothing may delete meanwhile. */
  readonly #leaving = new Set<string>();

  private constructor(options: VolumeTrashOptions, records: JsonRecords<TrashRecord>) {
    this.#options = options;
    this.#records = records;
  }

  /** Ends what a crash left half done. What has expired goes in the background. */
  static async open(options: VolumeTrashOptions): Promise<VolumeTrash> {
    const { directory, onDamaged } = options;
    const records = await JsonRecords.open<TrashRecord>({
      directory: join(directory, "records"),
      ...{ schema: 1, parse: parseTrashRecord, onDamaged },
    });
    await mkdir(join(directory, "data"), { recursive: true, mode: 0o700 });
    const trash = new VolumeTrash(options, records);
    await trash.#settle();
    void trash.sweep().catch((error: unknown) => options.log(`The trash could not be swept: ${messageOf(error)}`));
    return trash;
  }

  /** The newest first. */
  list(): TrashedVolume[] {
    return this.#records
      .values()
      .map(shown)
      .sort((a, b) => (a.trashedAt > b.trashedAt ? -1 : 1));
  }

  /**
   * Removes a volume; whether it can come back, and if not, why, is the answer. Throws "volume-in-use",
   * "volume-not-found".
   */
  async put(name: string, { usedBy, project, generation }: TrashRequest): Promise<TrashReply> {
    const { volumes, clock, limits, directory } = this.#options;
    const { Mountpoint, Options } = volumes.get(name);
    // What is mounted from elsewhere is not ours, and stays there.
    const sizeBytes = Options ? 0 : ((await small(Mountpoint)) ?? (await this.#options.measure(Mountpoint)));
    const why = whyNotKept(sizeBytes, limits, await this.#space());
    if (why !== undefined) {
      await volumes.remove(name, { force: false, usedBy });
      await this.sweep();
      return { kind: "removed", why };
    }
    const now = clock.now();
    const id = randomBytes(8).toString("hex");
    const expiresAt = new Date(now.getTime() + limits.keptMs).toISOString();
    const facts = { id, project, generation, sizeBytes, trashedAt: now.toISOString(), expiresAt };
    try {
      await volumes.take(name, {
        usedBy,
        prepare: async (volume) => {
          await this.#records.set(id, { ...facts, volume });
          return join(directory, "data", id);
        },
      });
    } catch (error) {
      const isHere = await lstat(this.#dataOf(id)).then(Boolean, () => false);
      if (!isHere) await this.#records.remove(id);
      throw error;
    }
    await this.sweep();
    const record = this.#records.get(id);
    if (!record) return { kind: "removed", why: "it has expired" };
    return { kind: "trashed", volume: shown(record) };
  }

  /** The volume is there again, under its name. Throws "volume-not-found", "volume-name-in-use". */
  async restore(id: string): Promise<TrashedVolume> {
    const record = this.#records.get(id);
    if (!record) {
      throw new GantryError("volume-not-found", `There is no volume ${id} in the trash`, {
        hint: "It has come back already, or its time was over",
      });
    }
    this.#leaving.add(id);
    try {
      await this.#options.volumes.putBack(record.volume, this.#dataOf(id));
      await this.#records.remove(id);
    } finally {
      this.#leaving.delete(id);
    }
    return shown(record);
  }

  /** Deletes for good, unless it is on its way back. */
  async purge(id: string): Promise<void> {
    if (this.#leaving.has(id)) return;
    const gone = join(this.#options.directory, `gone-${id}`);
    await rename(this.#dataOf(id), gone).catch(orMissing);
    await this.#records.remove(id);
    await rm(gone, { recursive: true, force: true });
  }

  /** What has expired by now, or what is too much. */
  expired(): TrashedVolume[] {
    const ids = new Set(tooMuch(this.list(), this.#options.clock.now(), this.#options.limits));
    return this.list().filter(({ id }) => ids.has(id));
  }

  /** Deletes what has expired, the oldest while the disk is nearly full, and sets the timer for the next. */
  async sweep(): Promise<void> {
    for (const { id } of this.expired()) await this.purge(id);
    for (const { id } of this.list().reverse()) {
      if (!isPressed(await this.#space(), this.#options.limits)) break;
      await this.purge(id);
    }
    this.#setTimer();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const times = this.list().map(({ expiresAt }) => Date.parse(expiresAt));
    if (times.length === 0 || this.#isClosed) return;
    const delayMs = Math.max(0, Math.min(...times) - this.#options.clock.now().getTime());
    this.#timer = setTimeout(
      () => {
        this.sweep().catch((error: unknown) => {
          this.#options.log(`The trash could not be swept: ${messageOf(error)}`);
        });
      },
      Math.min(delayMs, maxTimerMs),
    ).unref();
  }

  /** A record without its directory has come back, or never left; a directory here makes the other record false. */
  async #settle(): Promise<void> {
    const { directory, volumes } = this.#options;
    const there = new Set(await readdir(join(directory, "data")));
    for (const [id, { volume }] of this.#records.entries()) {
      if (!there.has(id)) await this.#records.remove(id);
      else if (await volumes.isMoved(volume.name)) await volumes.forget(volume.name);
      there.delete(id);
    }
    for (const id of there) await this.#recover(id);
    for (const name of await readdir(directory)) {
      if (name.startsWith("gone-")) void rm(join(directory, name), { recursive: true, force: true }).catch(() => {});
    }
  }

  /** Whose it was nobody knows any more. As a volume somebody may look at it, and remove it; here nobody could. */
  async #recover(id: string): Promise<void> {
    const { volumes, clock, log } = this.#options;
    const name = `recovered-${id}`;
    const createdAt = clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
    try {
      await volumes.putBack({ name, createdAt, labels: { [recoveredLabel]: "" }, options: {} }, this.#dataOf(id));
      log(`A volume in the trash has lost its record: what was in it is in volume ${name} now`);
    } catch (error) {
      log(`A volume in the trash has no record any more: ${this.#dataOf(id)}: ${messageOf(error)}`);
    }
  }

  async #space(): Promise<DiskSpace> {
    if (this.#options.space) return this.#options.space();
    const { bavail, blocks, bsize } = await statfs(this.#options.directory);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  #dataOf(id: string): string {
    return join(this.#options.directory, "data", id);
  }
}

/** Names that are no text, and what goes away meanwhile, are left to who is used to it. */
async function small(path: string): Promise<number | undefined> {
  return sizeOfSmallTree(path).catch(() => undefined);
}

function shown({ volume, ...facts }: TrashRecord): TrashedVolume {
  return { ...facts, name: volume.name, labels: volume.labels };
}

function parseTrashRecord(value: unknown, key: string): TrashRecord {
  if (!isRecord(value) || value.id !== key || !/^[0-9a-f]{16}$/.test(key)) throw new Error("it is not in the trash");
  const { volume, project, generation, sizeBytes, trashedAt, expiresAt } = value;
  const times = [trashedAt, expiresAt].map(String);
  if (times.some((time) => Number.isNaN(Date.parse(time)))) throw new Error("it has no times");
  if (typeof generation !== "number" || typeof sizeBytes !== "number") throw new Error("it has no numbers");
  const name = isRecord(volume) ? String(volume.name) : "";
  const [trashed = "", expires = ""] = times;
  return {
    ...{ id: key, project: String(project), generation, sizeBytes, trashedAt: trashed, expiresAt: expires },
    volume: parseVolumeRecord(volume, name),
  };
}

function orMissing(error: unknown): void {
  if (systemCodeOf(error) !== "ENOENT") throw error;
}
