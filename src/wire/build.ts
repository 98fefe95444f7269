/** What Gantry's own client tells a build of its engine beyond Docker's classic protocol. Pure types. */

/**
 * Sent to `POST /gantry/build/inputs`, which answers an id for one `POST /build?gantryinputs=ID`. Kept in memory only,
 * until that build has begun or a minute has passed.
 */
export interface BuildInputs {
  /** Absolute directory on the engine's host, in place of an archive in the body. */
  readonly context?: string;
  readonly dockerfileText?: string;
  /** Values in base64, by id. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Agents' sockets on the engine's host, by id. */
  readonly ssh?: Readonly<Record<string, string>>;
  /** Additional contexts: a directory, `docker-image://NAME`, or an address. */
  readonly contexts?: Readonly<Record<string, string>>;
  /** Entitlements. */
  readonly allow?: readonly string[];
  readonly noCacheFilter?: readonly string[];
  readonly checkOnly?: boolean;
}

/** Where a build failed; Gantry's own field `step` of the stream's error line. */
export interface FailedBuildStep {
  readonly file: string;
  readonly line: number;
  readonly command: string;
  readonly exitCode?: number;
  readonly output: readonly string[];
}

export interface BuildCacheItem {
  readonly ID: string;
  readonly Parents?: readonly string[];
  readonly Type: string;
  readonly Description: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt: string;
  readonly UsageCount: number;
}
