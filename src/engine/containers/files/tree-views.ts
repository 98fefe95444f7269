/**
 * A container's files as it sees them, running or not.
 *
 * Touches the world. A stopped container's root file system is mounted while somebody looks into it, and unmounted by
 * the last one; a start in between finds the mount and keeps it.
 */
import { existsSync } from "node:fs";
import type { TreeView, ViewMount } from "../../layers/trees/tree-job.js";
import type { Container } from "../lifecycle/container.js";
import { createVolume, mountImage } from "../mounts/prepare-mounts.js";
import type { ResolvedMount } from "../mounts/resolved-mount.js";
import { type ContainerRecord, zeroTime } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";

export class TreeViews {
  readonly #rooms: Rooms;
  /** How many look into a container's root file system, by its id. */
  readonly #lookers = new Map<string, number>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** What the container sees: with its volumes and binds. Dispose of it when the work is done. */
  async open(container: Container): Promise<{ view: TreeView } & AsyncDisposable> {
    const inside = await container.lock.run(async () => {
      const { process } = container.record.state;
      if (hasProcess(container.status) && process) return process;
      return this.#mount(container);
    });
    if (typeof inside !== "string") {
      const { pid, startTicks } = inside;
      return { view: { kind: "namespace", pid, startTicks }, [Symbol.asyncDispose]: async () => {} };
    }
    const release = () => this.#release(container);
    try {
      const readOnly = container.record.hostConfig.ReadonlyRootfs ?? false;
      const mounts = await this.#mounts(container, inside);
      return { view: { kind: "rootfs", root: inside, readOnly, mounts }, [Symbol.asyncDispose]: release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** The root file system alone. Returns its path. */
  async openRootfs(container: Container): Promise<{ root: string } & AsyncDisposable> {
    const root = await container.lock.run(() => this.#mount(container));
    return { root, [Symbol.asyncDispose]: () => this.#release(container) };
  }

  async #mount({ id, record }: Container): Promise<string> {
    await this.#rooms.layers.createRootfs(id, record.chainIds);
    const root = await this.#rooms.layers.mountRootfs(id);
    this.#lookers.set(id, (this.#lookers.get(id) ?? 0) + 1);
    return root;
  }

  #release(container: Container): Promise<void> {
    const { id } = container;
    return container.lock.run(async () => {
      const left = (this.#lookers.get(id) ?? 1) - 1;
      if (left > 0) this.#lookers.set(id, left);
      else this.#lookers.delete(id);
      const isGone = this.#rooms.index.byId(id) !== container;
      if (left > 0 || isGone || hasProcess(container.status)) return;
      for (const layerId of [id, ...container.record.mounts.flatMap((m) => (m.kind === "image" ? [m.layerId] : []))]) {
        await this.#rooms.layers.unmountRootfs(layerId);
      }
    });
  }

  /** In the order of depth, so that a mount in another one finds it. A bind whose source is gone is left out. */
  async #mounts({ record }: Container, rootfs: string): Promise<ViewMount[]> {
    const found: ViewMount[] = [];
    for (const mount of record.mounts) {
      const { target, readOnly } = mount;
      if (mount.kind === "volume") {
        const source = await this.#volume(record, mount, rootfs);
        found.push({ source, target, readOnly, ...(mount.subpath === undefined ? {} : { subpath: mount.subpath }) });
      } else if (mount.kind === "image") {
        const source = await mountImage(this.#rooms, mount);
        found.push({ source, target, readOnly, ...(mount.subpath === undefined ? {} : { subpath: mount.subpath }) });
      } else if (mount.kind === "bind" && existsSync(mount.source)) {
        found.push({ source: mount.source, target, readOnly });
      }
    }
    return found.sort((a, b) => a.target.split("/").length - b.target.split("/").length);
  }

  /** As the first start would find it: filled from the image, before anything is written into it. */
  async #volume(record: ContainerRecord, mount: ResolvedMount & { kind: "volume" }, rootfs: string): Promise<string> {
    const { volumes } = this.#rooms;
    await createVolume(volumes, mount);
    const source = await volumes.mount(mount.name);
    if (!mount.noCopy && mount.subpath === undefined && record.state.startedAt === zeroTime) {
      await volumes.fill(mount.name, { rootfs, path: mount.target });
    }
    return source;
  }
}
