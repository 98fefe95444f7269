/**
 * Unpacked layers and containers' root file systems on disk: `Layers` for the containers, and the layers themselves for
 * `images/`.
 *
 * Touches the world. Under the state root:
 * `l/ABCDEF/` an unpacked layer, under a short name because overlay's options must fit into a page;
 * `layers/` one record per layer, by chain id, written when the tree is complete and on disk;
 * `rootfs/ID/{upper,work,merged}` a container's writable layer, `rootfs-records/` which layers lie below it.
 * A crash leaves trees without record and directories without record: `open` deletes them.
 */
import { randomBytes } from "node:crypto";
import { lstatSync } from "node:fs";
import { mkdir, readdir, readFile, realpath, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../base/errors.js";
import { type ChainId, chainIdsOf, type DiffId, type Digest, isDigest } from "../../oci/digest.js";
import { umount, umountFlags } from "../kernel/mount.js";
import { type DamagedRecord, expectRecord, JsonRecords } from "../store/json-records.js";
import type { Layers } from "./layers.js";
import { bindPrivately, holdingMount, mountOverlay, probeOverlay, visibleLayers } from "./overlay.js";
import type { UnpackLimits } from "./unpack-guard.js";
import type { UnpackResult } from "./unpack-job.js";
import { Unpacker } from "./unpacker.js";

/** An unpacked layer. `directory` is its name below `l/`; `sizeBytes` the content of its files. */
export interface LayerRecord {
  readonly chainId: ChainId;
  readonly diffId: DiffId;
  readonly parent?: ChainId;
  readonly directory: string;
  readonly sizeBytes: number;
}

interface RootfsRecord {
  /** Names below `l/`, lowest first. */
  readonly lower: readonly string[];
}

/** A tree that is complete but belongs to no chain yet: `keepLayer` or `discard` it. */
export interface UnpackedLayer extends UnpackResult {
  readonly directory: string;
}

export interface LayerStoreOptions {
  /** Absolute; locked by this process. */
  readonly stateRoot: string;
  readonly onDamaged: (damaged: DamagedRecord) => void;
  /** For tests: "vfs" skips the probe. */
  readonly driver?: "overlay2" | "vfs";
  /** For tests: what an archive may unpack to. */
  readonly limits?: UnpackLimits;
}

export class LayerStore implements Layers {
  readonly driver: "overlay2" | "vfs";
  /** Why the driver is vfs. */
  readonly driverReason: string | undefined;
  readonly #stateRoot: string;
  readonly #unpacker = new Unpacker();
  readonly #limits: UnpackLimits | undefined;
  readonly #layers: JsonRecords<LayerRecord>;
  readonly #rootfs: JsonRecords<RootfsRecord>;
  /** Containers whose root file systems are mounted. */
  readonly #mounted = new Set<string>();
  /** Below a shared mount, `rootfs/` is mounted on itself while a container needs it: its mounts must not spread. */
  #home: "private" | "shared" | "bound" = "private";
  /** Two pulls may bring the same layer at once; the second finds the first one's record. */
  readonly #keeping = new Map<ChainId, Promise<LayerRecord>>();

  private constructor(parts: {
    driver: "overlay2" | "vfs";
    reason: string | undefined;
    stateRoot: string;
    layers: JsonRecords<LayerRecord>;
    rootfs: JsonRecords<RootfsRecord>;
    limits: UnpackLimits | undefined;
  }) {
    this.#limits = parts.limits;
    this.driver = parts.driver;
    this.driverReason = parts.reason;
    this.#stateRoot = parts.stateRoot;
    this.#layers = parts.layers;
    this.#rootfs = parts.rootfs;
  }

  /** Reads the records, chooses the driver by a real mount, and deletes what a crash left. */
  static async open({ stateRoot, onDamaged, driver, limits }: LayerStoreOptions): Promise<LayerStore> {
    // Others may pass through: the processes of a container with a user of its own live below.
    for (const name of ["l", "rootfs"]) await mkdir(join(stateRoot, name), { recursive: true, mode: 0o711 });
    const layers = await JsonRecords.open({
      directory: join(stateRoot, "layers"),
      schema: 1,
      parse: parseLayer,
      onDamaged,
    });
    const rootfs = await JsonRecords.open({
      directory: join(stateRoot, "rootfs-records"),
      schema: 1,
      parse: parseRootfs,
      onDamaged,
    });
    const probed = driver ? undefined : await probeOverlay(stateRoot);
    const store = new LayerStore({
      driver: driver ?? (probed?.kind === "overlay" ? "overlay2" : "vfs"),
      reason: probed?.kind === "no" ? probed.reason : undefined,
      stateRoot,
      ...{ layers, rootfs, limits },
    });
    await store.#removeLeftovers();
    store.#home = await homeOf(join(stateRoot, "rootfs"));
    for (const [containerId] of rootfs.entries()) {
      if (isMountPoint(store.#rootfsPaths(containerId).merged)) store.#mounted.add(containerId);
    }
    return store;
  }

  /** A layer that is complete on disk. */
  layer(chainId: string): LayerRecord | undefined {
    return this.#layers.get(chainId);
  }

  layers(): LayerRecord[] {
    return this.#layers.values();
  }

  /**
   * Unpacks the archive in the file `archive`. A failure leaves nothing.
   *
   * @throws {GantryError} "import-failed" for an archive that is refused, "blob-corrupt" when a digest differs
   */
  async unpack(
    archive: string,
    options: {
      expected: { digest?: Digest; diffId?: DiffId };
      signal: AbortSignal;
      onProgress?: (archiveBytes: number) => void;
    },
  ): Promise<UnpackedLayer> {
    const directory = await this.#newDirectory();
    const whiteouts = this.driver === "overlay2" ? "overlay" : "files";
    const { expected, ...call } = options;
    try {
      const target = this.#tree(directory);
      const limits = this.#limits ? { limits: this.#limits } : {};
      const result = await this.#unpacker.unpack(
        { kind: "unpack", archive, target, whiteouts, expected, ...limits },
        call,
      );
      return { ...result, directory };
    } catch (error) {
      await this.discard({ directory });
      throw error;
    }
  }

  /** Reads an archive as `unpack` does, both digests checked, and keeps nothing. Throws as it. */
  async verify(
    archive: string,
    { expected, signal }: { expected: { digest?: Digest; diffId?: DiffId }; signal: AbortSignal },
  ): Promise<UnpackResult> {
    return this.#unpacker.unpack({ kind: "verify", archive, expected }, { signal });
  }

  /** Makes an unpacked tree the layer above `parent`. When that layer exists already, the tree is deleted. */
  async keepLayer(layer: UnpackedLayer, parent?: ChainId): Promise<LayerRecord> {
    const chainId = parent ? chainIdsOf([parent, layer.diffId])[1] : layer.diffId;
    if (!chainId) throw new Error("A stack of two layers has two chain ids");
    await this.#keeping.get(chainId)?.catch(() => {});
    const kept = this.#keepLayer(layer, chainId, parent);
    this.#keeping.set(chainId, kept);
    try {
      return await kept;
    } finally {
      if (this.#keeping.get(chainId) === kept) this.#keeping.delete(chainId);
    }
  }

  async #keepLayer(layer: UnpackedLayer, chainId: ChainId, parent: ChainId | undefined): Promise<LayerRecord> {
    const known = this.#layers.get(chainId);
    if (known) {
      await this.discard(layer);
      return known;
    }
    const { diffId, directory, sizeBytes } = layer;
    const record = { chainId, diffId, ...(parent ? { parent } : {}), directory, sizeBytes };
    await this.#layers.set(chainId, record);
    return record;
  }

  /**
   * Makes the writable layer of a root file system, unmounted before, the layer above `parent`; an empty one takes its
   * place. Its content is on disk and has that diff id.
   */
  async adoptUpper(
    containerId: string,
    content: { readonly diffId: DiffId; readonly sizeBytes: number },
    parent?: ChainId,
  ): Promise<LayerRecord> {
    await this.unmountRootfs(containerId);
    const { upper } = this.#rootfsPaths(containerId);
    const directory = await this.#newDirectory();
    await rename(upper, this.#tree(directory));
    await mkdir(upper);
    const layer = { ...content, directory, digest: content.diffId, compression: "none" as const, archiveBytes: 0 };
    return this.keepLayer(layer, parent);
  }

  /** Names of the root file systems, of containers and of others. */
  rootfsIds(): string[] {
    return this.#rootfs.entries().map(([id]) => id);
  }

  async discard({ directory }: { directory: string }): Promise<void> {
    await removeTree(this.#tree(directory));
  }

  /** The record goes first: a crash then leaves a tree that the next start deletes. Nobody may use the layer. */
  async removeLayer(chainId: string): Promise<void> {
    const layer = this.#layers.get(chainId);
    if (!layer) return;
    await this.#layers.remove(chainId);
    await this.discard(layer);
  }

  /** True while a container's root file system lies above it. */
  isLayerInUse(chainId: string): boolean {
    const directory = this.#layers.get(chainId)?.directory;
    return directory !== undefined && this.#rootfs.values().some(({ lower }) => lower.includes(directory));
  }

  async createRootfs(containerId: string, chainIds: readonly string[]): Promise<void> {
    if (this.#rootfs.has(containerId)) return;
    const lower = chainIds.map((chainId) => this.#directoryOf(chainId));
    const { base, upper, work, merged } = this.#rootfsPaths(containerId);
    await mkdir(base, { recursive: true, mode: 0o710 });
    await mkdir(merged, { recursive: true });
    if (this.driver === "vfs") {
      const trees = lower.map((name) => this.#tree(name));
      await this.#unpacker.flatten({ trees, target: merged }, new AbortController().signal);
    } else {
      await Promise.all([mkdir(upper, { recursive: true }), mkdir(work, { recursive: true })]);
    }
    await this.#rootfs.set(containerId, { lower });
  }

  async mountRootfs(containerId: string): Promise<string> {
    const record = this.#rootfs.get(containerId);
    const { base, upper, work, merged } = this.#rootfsPaths(containerId);
    if (!record) throw new GantryError("mount-failed", `Container ${containerId} has no root file system`);
    if (this.driver === "vfs" || isMountPoint(merged)) return merged;
    this.#keepPrivate();
    this.#mounted.add(containerId);
    if (record.lower.length > 0) {
      const lowerRoot = join(this.#stateRoot, "l");
      mountOverlay({ lowerRoot, lower: visibleLayers(lowerRoot, record.lower), upper, work, merged });
    } else {
      // An image without layers: overlay wants at least one lower directory.
      await mkdir(join(base, "empty"), { recursive: true });
      mountOverlay({ lowerRoot: base, lower: ["empty"], upper, work, merged });
    }
    return merged;
  }

  async unmountRootfs(containerId: string): Promise<void> {
    const { merged } = this.#rootfsPaths(containerId);
    if (this.driver === "vfs" || !isMountPoint(merged)) return;
    // Detached: a process that still looks into the tree must not keep its container from being removed.
    await umount(merged, umountFlags.detach | umountFlags.noFollow);
    this.#mounted.delete(containerId);
    if (this.#mounted.size > 0 || this.#home !== "bound") return;
    this.#home = "shared";
    // Not detached: it is refused when another container was mounted just now, as it should be.
    await umount(join(this.#stateRoot, "rootfs")).catch(() => {
      this.#home = "bound";
    });
  }

  #keepPrivate(): void {
    if (this.#home !== "shared") return;
    bindPrivately(join(this.#stateRoot, "rootfs"));
    this.#home = "bound";
  }

  async removeRootfs(containerId: string): Promise<void> {
    await this.unmountRootfs(containerId);
    await this.#rootfs.remove(containerId);
    await removeTree(this.#rootfsPaths(containerId).base);
  }

  describeRootfs(containerId: string): Record<string, string> {
    const record = this.#rootfs.get(containerId);
    if (!record || this.driver === "vfs") return {};
    const { upper, work, merged } = this.#rootfsPaths(containerId);
    const visible = visibleLayers(join(this.#stateRoot, "l"), record.lower);
    const lower = [...visible].reverse().map((name) => this.#tree(name));
    return { LowerDir: lower.join(":"), MergedDir: merged, UpperDir: upper, WorkDir: work };
  }

  /** Directories of an image for `inspect`. */
  describeLayers(chainIds: readonly string[]): Record<string, string> {
    const trees = chainIds.flatMap((chainId) => this.#layers.get(chainId)?.directory ?? []).map((d) => this.#tree(d));
    const upper = trees.at(-1);
    if (!upper || this.driver === "vfs") return {};
    const lower = trees.slice(0, -1).reverse();
    return { ...(lower.length > 0 ? { LowerDir: lower.join(":") } : {}), UpperDir: upper };
  }

  /** Ends the worker. Root file systems stay mounted: containers outlive the engine. */
  async close(): Promise<void> {
    await this.#unpacker.close();
  }

  #directoryOf(chainId: string): string {
    const layer = this.#layers.get(chainId);
    if (!layer) throw new GantryError("state-damaged", `Layer ${chainId} is missing; pull or import its image again`);
    return layer.directory;
  }

  #tree(directory: string): string {
    return join(this.#stateRoot, "l", directory);
  }

  #rootfsPaths(containerId: string): { base: string; upper: string; work: string; merged: string } {
    if (!/^[A-Za-z0-9_-]+$/.test(containerId)) throw new Error(`No container id: ${containerId}`);
    const base = join(this.#stateRoot, "rootfs", containerId);
    return { base, upper: join(base, "upper"), work: join(base, "work"), merged: join(base, "merged") };
  }

  /** Thirty bits: with a hundred thousand layers a name is free at the second try. */
  async #newDirectory(): Promise<string> {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (;;) {
      const name = [...randomBytes(6)].map((byte) => alphabet[byte & 31]).join("");
      try {
        await mkdir(this.#tree(name), { mode: 0o755 });
        return name;
      } catch (error) {
        if (systemCodeOf(error) !== "EEXIST") throw error;
      }
    }
  }

  async #removeLeftovers(): Promise<void> {
    const layers = this.#layers.values().map(({ directory }) => directory);
    // A damaged record must not cost a container the layers it stands on.
    const wanted = new Set([...layers, ...this.#rootfs.values().flatMap(({ lower }) => lower)]);
    for (const name of await readdir(join(this.#stateRoot, "l"))) {
      if (!wanted.has(name)) await removeTree(this.#tree(name));
    }
    const records = await readdir(join(this.#stateRoot, "rootfs-records"));
    for (const name of await readdir(join(this.#stateRoot, "rootfs"))) {
      // Nor what a container has written: with a record set aside it waits for its owner to make it again or remove it.
      const isDamaged = records.some((record) => record.startsWith(`${name}.json.damaged-`));
      if (!this.#rootfs.has(name) && !isDamaged) await this.removeRootfs(name);
    }
    for (const name of await readdir(this.#stateRoot)) {
      if (name.startsWith(".probe-")) await removeTree(join(this.#stateRoot, name));
    }
  }
}

/** `bound` by an engine before this one; a mount of the user's own is on another device. */
async function homeOf(rootfs: string): Promise<"private" | "shared" | "bound"> {
  const path = await realpath(rootfs);
  const { at, isShared } = holdingMount(path, await readFile("/proc/self/mountinfo", "utf8"));
  if (isShared) return "shared";
  return at === path && !isMountPoint(path) ? "bound" : "private";
}

/** A mount point is on another device than its parent. */
function isMountPoint(path: string): boolean {
  const here = lstatSync(path, { throwIfNoEntry: false });
  return here !== undefined && here.dev !== lstatSync(join(path, "..")).dev;
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

function parseLayer(value: unknown, key: string): LayerRecord {
  const { chainId, diffId, parent, directory, sizeBytes } = expectRecord(value, "a layer");
  if (!isDigest(chainId) || chainId !== key || !isDigest(diffId)) throw new Error("its digests are wrong");
  if (parent !== undefined && !isDigest(parent)) throw new Error("its parent is wrong");
  if (!isDirectoryName(directory)) throw new Error("its directory is wrong");
  if (typeof sizeBytes !== "number") throw new Error("its size is wrong");
  return { chainId, diffId, ...(parent ? { parent } : {}), directory, sizeBytes };
}

function parseRootfs(value: unknown): RootfsRecord {
  const { lower } = expectRecord(value, "a root file system");
  if (!Array.isArray(lower) || !lower.every(isDirectoryName)) throw new Error("its layers are wrong");
  return { lower };
}

function isDirectoryName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Z2-7]{6}$/.test(value);
}
