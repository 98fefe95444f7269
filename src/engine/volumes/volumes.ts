/**
 * Named volumes with the `local` driver, as the rest of the engine sees them. Implemented by `volume-store.ts`.
 *
 * Life: a volume exists from `create` until `remove` and is never deleted unless asked. `fill` copies the image's
 * content at the mount point into a volume that is still empty, once, keeping owners, modes and times.
 */
import type { VolumeCreateBody, VolumeInspect } from "../../wire/volume.js";

export interface Volumes {
  /** An existing volume of that name is returned as it is. No name: 64 hex digits and the anonymous label. */
  create(body: VolumeCreateBody): Promise<VolumeInspect>;
  /** Throws "volume-not-found". */
  get(name: string): VolumeInspect;
  list(filters: Readonly<Record<string, readonly string[]>>): VolumeInspect[];
  /**
   * `usedBy`, asked at the last moment, names the containers that mount it. Throws "volume-in-use", "volume-not-found"
   * (not with `force`).
   */
  remove(name: string, options: { force: boolean; usedBy: () => readonly string[] }): Promise<void>;
  /** Mounts the volume's device if its options name one; returns the directory to bind into containers. */
  mount(name: string): Promise<string>;
  /**
   * Copies `path` of the tree at `rootfs` into the volume when the volume is empty and the path is a directory there.
   */
  fill(name: string, source: { rootfs: string; path: string }): Promise<void>;
}
