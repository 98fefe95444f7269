/**
 * Named volumes with the `local` driver: a record and a directory each.
 *
 * Touches the world. On disk a volume is `<directory>/data/<name>/_data` and a record. Order: the directory is made
 * before the record and removed before it, so that a crash leaves either a directory without record, which `open`
 * leaves alone and a later `create` takes up, or a record whose directory is made again when it is mounted. An image's
 * content is copied to `filling` beside `_data`, out of the reach of containers that use the volume already and could
 * lead the copy away by links, and then moved. A `filling` that is left says that this was begun: `fill` begins anew.
 */
import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { closeSync, constants } from "node:fs";
import { access, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { GantryError, isGantryError, messageOf, systemCodeOf } from "../../base/errors.js";
import { matchesLabels } from "../../wire/filters.js";
import type { VolumeCreateBody, VolumeInspect } from "../../wire/volume.js";
import { mount, umount } from "../kernel/mount.js";
import { openInRoot } from "../kernel/open-in-root.js";
import { type DamagedRecord, JsonRecords } from "../store/json-records.js";
import { copyTree, moveContent } from "./copy-tree.js";
import { isMountPoint } from "./mount-point.js";
import {
  checkVolumeName,
  checkVolumeOptions,
  deviceMountOf,
  parseVolumeRecord,
  type VolumeRecord,
} from "./volume-record.js";
import type { Volumes } from "./volumes.js";

export interface VolumeStoreOptions {
  /** Made if missing: `records` and `data` live in it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly onDamaged: (damaged: DamagedRecord) => void;
}

const anonymousLabel = "com.docker.volume.anonymous";

/** Opens the store; nothing is mounted until a container needs it. */
export async function openVolumes(options: VolumeStoreOptions): Promise<VolumeStore> {
  const records = await JsonRecords.open<VolumeRecord>({
    directory: join(options.directory, "records"),
    schema: 1,
    parse: parseVolumeRecord,
    onDamaged: options.onDamaged,
  });
  // Others on the host may pass but not list: a container's processes reach a volume's files only through its mount.
  await mkdir(join(options.directory, "data"), { recursive: true, mode: 0o711 });
  return new VolumeStore(options, records);
}

export class VolumeStore implements Volumes {
  readonly #options: VolumeStoreOptions;
  readonly #records: JsonRecords<VolumeRecord>;
  /** Work on one volume goes one by one: two containers may start with it at once. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(options: VolumeStoreOptions, records: JsonRecords<VolumeRecord>) {
    this.#options = options;
    this.#records = records;
  }

  create(body: VolumeCreateBody): Promise<VolumeInspect> {
    const name = body.Name || randomBytes(32).toString("hex");
    checkVolumeName(name);
    if (body.Driver && body.Driver !== "local") {
      throw new GantryError("not-supported", `Volume driver ${body.Driver} is not supported`, {
        hint: "Use the local driver.",
      });
    }
    const options = body.DriverOpts ?? {};
    checkVolumeOptions(options);
    const labels = { ...(body.Name ? {} : { [anonymousLabel]: "" }), ...body.Labels };
    return this.#inTurn(name, async () => {
      const existing = this.#records.get(name);
      if (existing) return this.#inspect(existing);
      await mkdir(this.#dataDir(name), { recursive: true, mode: 0o755 });
      const createdAt = this.#options.clock
        .now()
        .toISOString()
        .replace(/\.\d+Z$/, "Z");
      const record = { name, createdAt, labels, options };
      await this.#records.set(name, record);
      return this.#inspect(record);
    });
  }

  get(name: string): VolumeInspect {
    return this.#inspect(this.#record(name));
  }

  /** `dangling` needs to know the users of each volume; the caller filters by it. */
  list(filters: Readonly<Record<string, readonly string[]>>): VolumeInspect[] {
    const { name, label, driver } = filters;
    return this.#records
      .values()
      .filter((record) => !name || name.some((part) => record.name.includes(part)))
      .filter((record) => matchesLabels(record.labels, label))
      .filter(() => !driver || driver.includes("local"))
      .map((record) => this.#inspect(record));
  }

  remove(name: string, { force, usedBy }: { force: boolean; usedBy: readonly string[] }): Promise<void> {
    return this.#inTurn(name, async () => {
      if (!this.#records.has(name)) {
        if (force) return;
        throw notFound(name);
      }
      if (usedBy.length > 0) {
        throw new GantryError("volume-in-use", `remove ${name}: volume is in use - [${usedBy.join(", ")}]`, {
          hint: `Remove its containers first: gantry container rm ${usedBy.join(" ")}`,
        });
      }
      // What is mounted is not ours to delete; a crash may have mounted it twice.
      while (await isMountPoint(this.#dataDir(name))) await umount(this.#dataDir(name));
      await rm(this.#volumeDir(name), { recursive: true, force: true });
      await this.#records.remove(name);
    });
  }

  mount(name: string): Promise<string> {
    const record = this.#record(name);
    return this.#inTurn(name, async () => {
      const path = this.#dataDir(name);
      await mkdir(path, { recursive: true, mode: 0o755 });
      await mountDevice(record, path);
      return path;
    });
  }

  fill(name: string, { rootfs, path }: { rootfs: string; path: string }): Promise<void> {
    const record = this.#record(name);
    return this.#inTurn(name, async () => {
      const data = this.#dataDir(name);
      const stage = join(this.#volumeDir(name), "filling");
      const isUnfinished = await exists(stage);
      if (!isUnfinished && (await readdir(data)).length > 0) return;
      const source = openDirectory(rootfs, path);
      if (source === undefined) return;
      try {
        await rm(stage, { recursive: true, force: true });
        await mkdir(stage, { mode: 0o700 });
        // By the descriptor: whatever the path's links are changed to meanwhile, this is the directory that was found.
        const content = `/proc/self/fd/${source}/.`;
        if (deviceMountOf(record)) {
          await copyTree(content, data); // another file system, into which nothing can be moved
        } else {
          await copyTree(content, stage);
          await moveContent(stage, data);
        }
        await rm(stage, { recursive: true, force: true });
      } finally {
        closeSync(source);
      }
    });
  }

  #record(name: string): VolumeRecord {
    const record = this.#records.get(name);
    if (!record) throw notFound(name);
    return record;
  }

  #inspect({ name, createdAt, labels, options }: VolumeRecord): VolumeInspect {
    return {
      CreatedAt: createdAt,
      Driver: "local",
      Labels: Object.keys(labels).length > 0 ? { ...labels } : null,
      Mountpoint: this.#dataDir(name),
      Name: name,
      Options: Object.keys(options).length > 0 ? { ...options } : null,
      Scope: "local",
    };
  }

  #volumeDir(name: string): string {
    return join(this.#options.directory, "data", name);
  }

  #dataDir(name: string): string {
    return join(this.#volumeDir(name), "_data");
  }

  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#queues.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(name) === mine) this.#queues.delete(name);
    }
  }
}

/** Mounts the device that the volume's options name, once. */
async function mountDevice(record: VolumeRecord, path: string): Promise<void> {
  const device = deviceMountOf(record);
  if (!device || (await isMountPoint(path))) return;
  const address = device.address === undefined ? undefined : (await lookup(device.address)).address;
  const data = [device.data, ...(address === undefined ? [] : [`addr=${address}`])].filter((part) => part !== "");
  try {
    mount({ source: device.device, target: path, type: device.type, flags: device.flags, data: data.join(",") });
  } catch (cause) {
    throw new GantryError(
      "mount-failed",
      `failed to mount local volume: mount ${device.device}:${path}: ${messageOf(cause)}`,
      { hint: `Look at the options of volume ${record.name}: gantry volume inspect ${record.name}`, cause },
    );
  }
}

function notFound(name: string): GantryError {
  return new GantryError("volume-not-found", `get ${name}: no such volume`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A descriptor of a directory in a tree that is not ours; undefined when there is none. No link leads out. */
function openDirectory(rootfs: string, path: string): number | undefined {
  try {
    return openInRoot(rootfs, path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    const code = isGantryError(error, "syscall-failed") ? systemCodeOf(error.cause) : undefined;
    if (code !== undefined && ["ENOENT", "ENOTDIR", "ELOOP"].includes(code)) return undefined;
    throw error;
  }
}
