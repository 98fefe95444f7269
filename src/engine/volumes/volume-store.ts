/**
 * Named volumes with the `local` driver: a record and a directory each.
 *
 * Touches the world. On disk a volume is `<directory>/data/<name>/_data` and a record. Order: the directory is made
 * before the record and removed before it, so that a crash leaves either a directory without record, which `open`
 * leaves alone and a later `create` takes up, or a record whose directory is made again when it is mounted.
 *
 * An image's content is copied to `filling` beside `_data`, out of the reach of containers that use the volume already
 * and could lead the copy away by links, and then moved. Into a volume's own device nothing can be moved: `copyInto`
 * writes there, whose root is the volume. A `filling` that is left says that this was begun: `fill` begins anew.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync } from "node:fs";
import { access, chmod, chown, mkdir, readdir, rename, rm, rmdir, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { syncDirectory } from "../../base/durable-file.js";
import { GantryError, isGantryError, systemCodeOf } from "../../base/errors.js";
import { matchesLabels } from "../../wire/filters.js";
import type { VolumeCreateBody, VolumeInspect } from "../../wire/volume.js";
import { umount, umountFlags } from "../kernel/mount.js";
import { openInRoot } from "../kernel/open-in-root.js";
import { type DamagedRecord, JsonRecords } from "../store/json-records.js";
import { copyTree, moveContent } from "./copy-tree.js";
import { mountDevice } from "./mount-device.js";
import { isMountPoint } from "./mount-point.js";
import {
  checkVolumeName,
  checkVolumeOptions,
  deviceMountOf,
  isReadOnlyDevice,
  parseVolumeRecord,
  type VolumeRecord,
} from "./volume-record.js";
import type { Volumes } from "./volumes.js";

export interface VolumeStoreOptions {
  /** Made if missing: `records` and `data` live in it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly onDamaged: (damaged: DamagedRecord) => void;
  /**
   * Copies the directory `path` of the tree `root` into a directory that others may write to meanwhile: no link of
   * either leads out of it.
   */
  readonly copyInto: (from: { root: string; path: string }, to: string) => Promise<void>;
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
    if (!this.#records.has(name)) checkVolumeName(name); // one of an earlier version may have a name of one letter
    if (body.Driver && body.Driver !== "local") {
      const why = `error looking up volume plugin ${body.Driver}: plugin "${body.Driver}" not found`;
      throw new GantryError("not-supported", `create ${name}: ${why}`, { hint: "Use the local driver." });
    }
    const options = body.DriverOpts ?? {};
    checkVolumeOptions(name, options);
    const labels = { ...(body.Name ? {} : { [anonymousLabel]: "" }), ...body.Labels };
    return this.#inTurn(name, async () => {
      const existing = this.#records.get(name);
      if (existing) return this.#inspect(existing);
      for (const path of [dirname(this.#dataDir(name)), this.#dataDir(name)]) await makeDirectory(path);
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
      .filter((record) => !name || name.some((pattern) => matchesName(record.name, pattern)))
      .filter((record) => matchesLabels(record.labels, label))
      .filter(() => !driver || driver.includes("local"))
      .map((record) => this.#inspect(record));
  }

  remove(name: string, { force, usedBy }: { force: boolean; usedBy: () => readonly string[] }): Promise<void> {
    return this.#inTurn(name, async () => {
      if (!this.#records.has(name) && force) return;
      await this.#release(name, usedBy());
      await rm(this.#volumeDir(name), { recursive: true, force: true });
      await this.#records.remove(name);
    });
  }

  /**
   * Removes the volume and keeps what is in it: its directory is moved to the one that `prepare` gives, on the same
   * file system. A crash after the move leaves the record: see `isMoved`.
   */
  take(
    name: string,
    { usedBy, prepare }: { usedBy: () => readonly string[]; prepare: (record: VolumeRecord) => Promise<string> },
  ): Promise<void> {
    return this.#inTurn(name, async () => {
      await this.#release(name, usedBy());
      const target = await prepare(this.#record(name));
      await rename(this.#volumeDir(name), target);
      await syncDirectory(dirname(target));
      await this.#records.remove(name);
    });
  }

  /** The opposite: the volume is there again, with what is in `from`. Throws "volume-name-in-use". */
  putBack(record: VolumeRecord, from: string): Promise<void> {
    const { name } = record;
    return this.#inTurn(name, async () => {
      if (this.#records.has(name)) throw nameInUse(name);
      // A crashed create may have left them, with nothing in them.
      for (const path of [this.#dataDir(name), this.#volumeDir(name)]) await removeEmpty(path);
      await this.#records.set(name, record);
      try {
        await rename(from, this.#volumeDir(name));
      } catch (error) {
        // Else the name would be taken by a volume that has nothing of what is still there.
        await this.#records.remove(name);
        throw error;
      }
      await syncDirectory(dirname(this.#volumeDir(name)));
    });
  }

  has(name: string): boolean {
    return this.#records.has(name);
  }

  /** True for a volume whose directory was taken, and whose record a crash has left. */
  async isMoved(name: string): Promise<boolean> {
    return this.#records.has(name) && !(await exists(this.#volumeDir(name)));
  }

  /** Removes the record of such a volume. */
  forget(name: string): Promise<void> {
    return this.#inTurn(name, () => this.#records.remove(name));
  }

  /** Nothing is mounted at the volume any more. Throws "volume-not-found", "volume-in-use". */
  async #release(name: string, usedBy: readonly string[]): Promise<void> {
    this.#record(name);
    if (usedBy.length > 0) {
      throw new GantryError("volume-in-use", `remove ${name}: volume is in use - [${usedBy.join(", ")}]`, {
        hint: `Remove its containers first: gantry container rm ${usedBy.map(shortened).join(" ")}`,
      });
    }
    // What is mounted is not ours to delete; a crash may have mounted it twice.
    // Detached: a server that has gone must not keep the volume.
    const flags = umountFlags.noFollow | umountFlags.detach;
    while (await isMountPoint(this.#dataDir(name))) await umount(this.#dataDir(name), flags);
  }

  mount(name: string): Promise<string> {
    const record = this.#record(name);
    return this.#inTurn(name, async () => {
      const path = this.#dataDir(name);
      const device = deviceMountOf(record);
      // What is mounted is not even looked at: its server may have gone.
      if (device && (await isMountPoint(path))) return path;
      await mkdir(path, { recursive: true, mode: 0o755 });
      if (device) await mountDevice(device, path, this.#volumeDir(name));
      return path;
    });
  }

  fill(name: string, { rootfs, path }: { rootfs: string; path: string }): Promise<void> {
    const device = deviceMountOf(this.#record(name));
    if (device && isReadOnlyDevice(device)) return Promise.resolve();
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
        if (device) {
          await this.#options.copyInto({ root: rootfs, path }, data);
          await takeAttributes(source, data);
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

/** A container's id is known by its first digits. */
function shortened(user: string): string {
  return user.replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, "$1");
}

/** By a regular expression, as Docker's filter; what is none is looked for as it stands. */
function matchesName(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return name.includes(pattern);
  }
}

function notFound(name: string): GantryError {
  return new GantryError("volume-not-found", `get ${name}: no such volume`);
}

function nameInUse(name: string): GantryError {
  return new GantryError("volume-name-in-use", `A volume named ${name} is there already`, {
    hint: `If it may go: gantry volume rm ${name}`,
  });
}

/** Leaves a directory alone in which something is. */
async function removeEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: unknown) => {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(systemCodeOf(error) ?? "")) throw error;
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Owner, mode and times of an open directory. */
async function takeAttributes(from: number, to: string): Promise<void> {
  const { uid, gid, mode, atime, mtime } = fstatSync(from);
  await chown(to, uid, gid);
  await chmod(to, mode & 0o7777);
  await utimes(to, atime, mtime);
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

/** Not mkdir's `recursive`, with which Node says that nothing is there when the file system is read-only. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o755 });
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error; // a crash may have left it
  }
}
