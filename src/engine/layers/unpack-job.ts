/** What the unpack worker is asked and what it answers. Pure types; both sides are of one build. */
import type { DiffId, Digest } from "../../oci/digest.js";
import type { WhiteoutStyle } from "./archive/tree-writer.js";
import type { UnpackLimits } from "./unpack-guard.js";

export type Compression = "none" | "gzip" | "zstd";

/** Unpacks the archive in the file `archive` into the empty directory `target`. */
export interface UnpackJob {
  readonly kind: "unpack";
  readonly archive: string;
  readonly target: string;
  readonly whiteouts: WhiteoutStyle;
  /** Checked against the file's bytes as they are, and against the tar inside. */
  readonly expected: { readonly digest?: Digest; readonly diffId?: DiffId };
  /** Other limits than those of `unpack-guard.ts`. */
  readonly limits?: UnpackLimits;
}

/** Reads the archive in the file `archive` as `UnpackJob` does, and writes nothing. */
export interface VerifyJob extends Pick<UnpackJob, "archive" | "expected" | "limits"> {
  readonly kind: "verify";
}

/** Copies trees that hold `.wh.` files one over the other into `target`, lowest first. */
export interface FlattenJob {
  readonly kind: "flatten";
  readonly trees: readonly string[];
  readonly target: string;
}

export type Job = UnpackJob | VerifyJob | FlattenJob;

/** `sizeBytes` is the content of the unpacked files, `archiveBytes` the size of the archive. */
export interface UnpackResult {
  readonly digest: Digest;
  readonly diffId: DiffId;
  readonly compression: Compression;
  readonly sizeBytes: number;
  readonly archiveBytes: number;
}

export type Request =
  | { readonly kind: "run"; readonly id: number; readonly job: Job }
  | { readonly kind: "cancel"; readonly id: number };

/** `code` is a `GantryError`'s; undefined for other failures. */
export type Reply =
  | { readonly kind: "done"; readonly id: number; readonly result: UnpackResult | undefined }
  | { readonly kind: "progress"; readonly id: number; readonly archiveBytes: number }
  | { readonly kind: "failed"; readonly id: number; readonly code: string | undefined; readonly message: string };
