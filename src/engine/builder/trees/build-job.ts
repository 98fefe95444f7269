/** What a build worker is asked and what it answers. Pure types; both sides are of one build. */
import type { DiffId } from "../../../oci/digest.js";

/** A tree that is copied from: nobody else writes it, except the user in a live directory. */
export interface SourceTree {
  /** Absolute. No link leads out of it. */
  readonly root: string;
  /** As COPY names them: relative to the root or absolute in it, with wildcards. */
  readonly patterns: readonly string[];
  /** Lines of an ignore file; what they match is not there. */
  readonly ignore: readonly string[];
  /** `--exclude`. */
  readonly exclude: readonly string[];
  /** `--parents`. */
  readonly parents: boolean;
  /** Owners and attributes are taken along; else everything belongs to root. */
  readonly keepOwners: boolean;
}

/** Content that comes from the Dockerfile itself. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
}

/** `digest` is of what was found, for the cache's key: paths, kinds, modes, owners and contents; no times. */
export interface HashResult {
  readonly digest: string;
  /** What the patterns matched: one file, one directory, or several. */
  readonly kind: "file" | "dir" | "multi";
}

export interface CopyJob {
  readonly kind: "copy";
  /** A mounted tree that nobody else uses. */
  readonly root: string;
  /** Absolute in the tree. */
  readonly to: string;
  /** It was written with a slash at its end, or there are several sources. */
  readonly intoDirectory: boolean;
  readonly trees: readonly SourceTree[];
  readonly files: readonly InlineFile[];
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Octal, or `u=rwX,go=rX`. */
  readonly chmod?: string;
  /** The time of what has no owner of its own: when a file was checked out or edited does not matter then. */
  readonly epochSeconds?: number;
  /** What `hash` found: the trees must still be so. */
  readonly expected?: string;
}

/** Makes a directory with all that is missing above it. */
export interface MakeDirectoryJob {
  readonly kind: "make-directory";
  readonly root: string;
  readonly path: string;
}

/** Turns a writable layer that nobody writes any more into a layer's archive. */
export interface CommitJob {
  readonly kind: "commit";
  readonly upper: string;
  /** Highest first. */
  readonly lower: readonly string[];
  /** Where the archive is written; the directory exists. */
  readonly archive: string;
  /** No time in the layer is later. */
  readonly epochSeconds?: number;
  /** Places that were made only to mount on them, deepest first, relative to the root: empty ones go. */
  readonly stubs: readonly string[];
}

export interface CommitResult {
  readonly isEmpty: boolean;
  readonly diffId: DiffId;
  readonly archiveBytes: number;
  /** Content of the files. */
  readonly sizeBytes: number;
}

export type BuildJob =
  | { readonly kind: "hash"; readonly trees: readonly SourceTree[]; readonly files: readonly InlineFile[] }
  | CopyJob
  | MakeDirectoryJob
  | CommitJob;

export type BuildWorkerRequest = { readonly id: number; readonly job: BuildJob };

/** `code` is a `GantryError`'s, undefined for other failures. */
export type BuildWorkerReply =
  | { readonly id: number; readonly kind: "done"; readonly value: unknown }
  | { readonly id: number; readonly kind: "failed"; readonly code: string | undefined; readonly message: string };
