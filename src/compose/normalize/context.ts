/** What the normalisers share: where problems go, what relative paths and bare variables stand for. Pure. */
import type { SourceLocation } from "../../base/diagnostic.js";
import type { Report } from "../report.js";

export interface Context {
  readonly report: Report;
  readonly projectName: string;
  /** Absolute; relative paths are resolved against it. */
  readonly workingDir: string;
  /** Process environment over `.env`. */
  readonly environment: Readonly<Record<string, string>>;
  /** True keeps relative paths and `~` as written. */
  readonly keepsPaths?: boolean | undefined;
  /** True adds nothing that the files do not say: no default network, no implied dependency. */
  readonly isBare?: boolean | undefined;
  /** Places by canonical path; normalisers add those of values that they moved or expanded. */
  readonly sources: Map<string, readonly SourceLocation[]>;
}
