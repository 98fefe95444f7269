/**
 * What is remembered of a project's changes, and of volumes in the trash: bodies of `/gantry/projects/…/history`,
 * `/gantry/trash` and `/gantry/gc`, and of the files that hold them.
 *
 * Pure types. A generation is one change of a project: who asked for what, what the project was to become, and how it
 * ended. Numbers count from 1 in each project and are never given twice.
 */

/** The commands that change what a project consists of. Others (`stop`, `restart`, `run`, …) leave no generation. */
export const generationCommands = ["up", "create", "scale", "apply", "rollback", "undo", "down", "rm"] as const;
export type GenerationCommand = (typeof generationCommands)[number];

/** `applying` has no end yet; `interrupted` will have none: whoever made it is gone. */
export const generationOutcomes = [
  "applying",
  "succeeded",
  "failed",
  "cancelled",
  "rolled-back",
  "interrupted",
] as const;
export type GenerationOutcome = (typeof generationOutcomes)[number];

/** Who asked: the user's name, the host and the command line, in which nothing secret is left. */
export interface Author {
  readonly user: string;
  readonly host: string;
  readonly commandLine: string;
  /** The process, to tell whether it is still at work: its id, and when it began in ticks since boot (0: unknown). */
  readonly pid: number;
  readonly pidStart: number;
}

/** The image that a service's containers stood on. `name` as the model has it, `digest` what its registry calls it. */
export interface GenerationImage {
  readonly name: string;
  readonly id: string;
  /** `repository@sha256:…`; absent for what was built or imported here. */
  readonly digest?: string;
}

/** What a config held. `content` is absent where the model has it anyway, and for what is no text or too long. */
export interface KeptConfig {
  readonly digest: string;
  readonly content?: string;
}

/** A container that this change removed. */
export interface RemovedContainer {
  readonly service: string;
  readonly number: number;
  readonly wasUp: boolean;
  /** The anonymous volumes that it mounted and that were to go with it. */
  readonly volumes: ReadonlyArray<{ readonly name: string; readonly target: string }>;
}

/** How the model is to be read again, beside its text. */
export interface ModelFacts {
  readonly workingDir: string;
  readonly configFiles: readonly string[];
  readonly envFiles: readonly string[];
  readonly disabledServices: readonly string[];
  /** Names are joined by `_`. */
  readonly compatibility: boolean;
}

/** A change as it begins. */
export interface GenerationDraft {
  readonly project: string;
  readonly command: GenerationCommand;
  /** The generation that a rollback goes back to, or an undo undoes. */
  readonly of?: number;
  readonly author: Author;
  /** Services that it is about; empty: all. */
  readonly services: readonly string[];
  /** How many operations its plan has. */
  readonly operations: number;
  /** The canonical model as `gantry config --format json` gives it; absent when the project was taken away. */
  readonly model?: Readonly<Record<string, unknown>>;
  readonly facts?: ModelFacts;
  readonly configs: Readonly<Record<string, KeptConfig>>;
  /** Keyed digests of the secrets' contents, which themselves are nowhere here. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly removed: readonly RemovedContainer[];
  /** Named volumes that were to be removed. */
  readonly removedVolumes: readonly string[];
}

/** How a change ended: what its services stand on now, and how many containers each has. */
export interface GenerationEnd {
  readonly outcome: Exclude<GenerationOutcome, "applying" | "interrupted">;
  readonly images: Readonly<Record<string, GenerationImage>>;
  readonly replicas: Readonly<Record<string, number>>;
}

export interface Generation extends GenerationDraft, Omit<GenerationEnd, "outcome"> {
  readonly number: number;
  readonly outcome: GenerationOutcome;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly endedAt?: string;
}

/** A generation in a list: everything but what it could be applied again from. */
export interface GenerationSummary extends Omit<Generation, "model" | "facts" | "configs" | "secrets"> {
  /** False when there is nothing to go back to: the project was taken away, or was too large to keep. */
  readonly hasModel: boolean;
}

/** A volume that was removed and can come back. `sizeBytes` as it was measured then; times are RFC 3339. */
export interface TrashedVolume {
  readonly id: string;
  readonly name: string;
  readonly project: string;
  /** The generation that removed it; 0 when there is none. */
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly trashedAt: string;
  readonly expiresAt: string;
}

/** `POST /gantry/volumes/{name}/trash`: on whose behalf. */
export interface TrashBody {
  Project?: string;
  Generation?: number;
}

/** What became of the volume: in the trash, or removed for good because of `why`. */
export type TrashReply =
  | { readonly kind: "trashed"; readonly volume: TrashedVolume }
  | { readonly kind: "removed"; readonly why: string };

/** `POST /gantry/gc`. */
export interface GcBody {
  /** Only tell. */
  DryRun?: boolean;
  /** All of the trash, and of each project only its newest state. */
  All?: boolean;
  /** Generations to keep of each project. */
  Keep?: number;
}

/** What was removed, or would be; sizes in bytes. */
export interface GcReply {
  readonly volumes: readonly TrashedVolume[];
  readonly generations: ReadonlyArray<{
    readonly project: string;
    readonly number: number;
    readonly sizeBytes: number;
  }>;
  /** Images without names that neither a container nor a kept generation needs. */
  readonly images: ReadonlyArray<{ readonly id: string; readonly sizeBytes: number }>;
  /** Content and layers that nothing names any more. */
  readonly leftovers: { readonly count: number; readonly sizeBytes: number };
}
