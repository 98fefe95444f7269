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
  /** As `--cache-from` and `--cache-to`; directories are absolute on the engine's host. */
  readonly cacheFrom?: readonly string[];
  readonly cacheTo?: readonly string[];
  readonly checkOnly?: boolean;
  /** Tell what steps do as they do it, in place of the classic builder's words: the lines' field `build`. */
  readonly steps?: boolean;
}

/** One stage that is built. `steps` counts its FROM too. */
export interface BuildStage {
  readonly index: number;
  readonly name?: string;
  /** What it is made from, as written. */
  readonly base: string;
  readonly steps: number;
}

/**
 * What a build does, as it happens: stages run side by side, and steps are numbered through all of them from 1.
 * `planned` comes first, each step begins once and ends once, and what it says comes between.
 */
export type BuildEvent =
  | { readonly kind: "planned"; readonly stages: readonly BuildStage[]; readonly totalSteps: number }
  | {
      readonly kind: "began";
      readonly step: number;
      readonly stage: number;
      readonly text: string;
      readonly line: number;
    }
  | { readonly kind: "output"; readonly step: number; readonly text: string }
  /** Bytes of one layer of a pull. */
  | {
      readonly kind: "pulling";
      readonly step: number;
      readonly part: string;
      readonly current: number;
      readonly total: number;
    }
  | { readonly kind: "ended"; readonly step: number; readonly outcome: "done" | "cached" | "failed" };

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
