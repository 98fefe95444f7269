/**
 * Unpacked layers and the root file systems made of them, as the rest of the engine sees them.
 *
 * Life: a layer is immutable once `chainId` is listed. A container's root file system has a writable layer from
 * `createRootfs` until `removeRootfs`, and is mounted from `mountRootfs` until `unmountRootfs`; both survive the
 * engine's
 * death. Implemented by overlay where the state root can carry it, by plain copies elsewhere.
 */
export interface Layers {
  /** Name for `GraphDriver.Name`: "overlay2" or "vfs". */
  readonly driver: "overlay2" | "vfs";
  /** Makes the writable layer of a container. Called twice it keeps what is there. */
  createRootfs(containerId: string, chainIds: readonly string[]): Promise<void>;
  /** Mounts it if it is not mounted. Returns the absolute path of the merged tree. Throws "mount-failed". */
  mountRootfs(containerId: string): Promise<string>;
  /** Unmounts it if it is mounted; the writable layer stays. */
  unmountRootfs(containerId: string): Promise<void>;
  /** Unmounts and deletes the writable layer. Nothing is left of it. */
  removeRootfs(containerId: string): Promise<void>;
  /** Directories for `inspect`'s GraphDriver.Data. */
  describeRootfs(containerId: string): Record<string, string>;
}
