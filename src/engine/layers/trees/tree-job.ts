/** What the tree worker is asked and what it answers. Pure types; both sides are of one build. */

/** Something mounted over a root file system, as the container would see it. */
export interface ViewMount {
  /** Absolute path on the host. */
  readonly source: string;
  /** Below `source`, which is a container's to write: links in it are resolved inside `source`. */
  readonly subpath?: string;
  /** Absolute path in the container; links in it are resolved inside the root. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** The tree in which paths are resolved: no link leads out of it, as the kernel itself takes it for `/`. */
export type TreeView =
  /** What a running container sees. The process is checked by its start time, so that no other is entered. */
  | { readonly kind: "namespace"; readonly pid: number; readonly startTicks: number }
  /** A mounted root file system with these mounts over it, in this order, for the length of the job. */
  | {
      readonly kind: "rootfs";
      readonly root: string;
      readonly readOnly: boolean;
      readonly mounts: readonly ViewMount[];
    };

export type TreeJob =
  | { readonly kind: "stat"; readonly view: TreeView; readonly path: string }
  /** A tar of what is at `path`, its names beginning with the path's last component. */
  | { readonly kind: "pack"; readonly view: TreeView; readonly path: string }
  /** A tar of the whole tree. */
  | { readonly kind: "export"; readonly root: string }
  /** Writes the tar that follows into the directory `path`. */
  | {
      readonly kind: "extract";
      readonly view: TreeView;
      readonly path: string;
      /** Refuse to replace a directory by something else, and the other way round. */
      readonly keepKinds: boolean;
      /** Whose everything will be; undefined: the archive says it. */
      readonly owner?: { readonly uid: number; readonly gid: number };
    }
  /** What an overlay's writable layer changed. */
  | { readonly kind: "changes"; readonly upper: string; readonly lower: readonly string[] }
  /** The same as the tar of a layer, with whiteouts. */
  | { readonly kind: "diff"; readonly upper: string; readonly lower: readonly string[] }
  /** Bytes of the files' content in each tree. */
  | { readonly kind: "measure"; readonly trees: readonly string[] };

/** `mode` has the type bits of `st_mode`; `linkTarget` is resolved in the tree and absolute, "" for what is no link. */
export interface TreeStat {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedMs: number;
  readonly linkTarget: string;
}

/** `path` is absolute in the container. */
export interface TreeChange {
  readonly path: string;
  readonly kind: "modified" | "added" | "deleted";
}

/** To the worker. */
export type TreeRequest =
  /** A chunk that the worker sent was taken. */
  { readonly kind: "taken" } | { readonly kind: "chunk"; readonly bytes: Uint8Array } | { readonly kind: "end" };

/** From the worker; `done` or `failed` is the last. */
export type TreeReply =
  /** The job can be done: of a `pack` what it packs. Chunks follow, or are awaited. */
  | { readonly kind: "ready"; readonly stat: TreeStat | undefined }
  | { readonly kind: "chunk"; readonly bytes: Uint8Array }
  | { readonly kind: "taken" }
  | { readonly kind: "done"; readonly value: unknown }
  /** `code` is a `GantryError`'s, `errno` the name of a system error. */
  | {
      readonly kind: "failed";
      readonly code: string | undefined;
      readonly errno: string | undefined;
      readonly message: string;
    };
