/**
 * What happens while a plan is carried out: the one stream that every renderer (plain, JSON, Ink) shows.
 *
 * Pure types. `version` is 1; fields are only added within it. The schema is `schemas/events.json`. `at` is RFC
 * 3339.
 */
import type { BuildEvent } from "../wire/build.js";

export const eventStreamVersion = 1;

/** What an operation works on: `id` is stable within the run (`Container shop-web-1`), as Docker Compose prints it. */
export interface EventResource {
  readonly kind: "project" | "service" | "network" | "volume" | "image" | "container" | "provider" | "model";
  readonly name: string;
  readonly service?: string;
}

/** The state of one operation. `waiting` says for what; `progress` counts bytes or layers; `failed` has the card. */
export type ApplyEvent = { readonly at: string } & (
  | { readonly kind: "run-started"; readonly command: string; readonly project: string; readonly operations: number }
  | {
      readonly kind: "started";
      readonly operation: string;
      readonly resource: EventResource;
      readonly action: string;
      /** An inner step of a replacement: short views leave it out. */
      readonly step?: true;
    }
  | {
      readonly kind: "progress";
      readonly operation: string;
      readonly resource: EventResource;
      readonly text: string;
      readonly current?: number;
      readonly total?: number;
      /** A part of it, as one layer of a pull. */
      readonly part?: string;
      /** What a step of a build does. */
      readonly build?: BuildEvent;
    }
  | {
      readonly kind: "waiting";
      readonly operation: string;
      readonly resource: EventResource;
      readonly waitsFor: string;
    }
  | {
      readonly kind: "done";
      readonly operation: string;
      readonly resource: EventResource;
      /** Docker Compose's word: Created, Started, Healthy, Pulled, Removed, Running, Recreated, … */
      readonly action: string;
      readonly step?: true;
      /** The plan does more to the resource: what was created has yet to be started. */
      readonly more?: true;
      readonly durationMs: number;
    }
  | {
      readonly kind: "failed";
      readonly operation: string;
      readonly resource: EventResource;
      readonly failure: FailureCard;
      readonly durationMs: number;
      /** Its absence is put up with (`required: false`): a warning tells of it, and the run goes on. */
      readonly optional?: true;
    }
  | {
      readonly kind: "held-back";
      readonly operation: string;
      readonly resource: EventResource;
      readonly step?: true;
      readonly because: string;
    }
  | {
      /** The run was cancelled; what the operation had made is taken away again. */
      readonly kind: "undone";
      readonly operation: string;
      readonly resource: EventResource;
    }
  | { readonly kind: "warning"; readonly message: string; readonly hint?: string }
  | {
      readonly kind: "run-ended";
      /** `rolled-back`: updates failed, and what served before them serves on. */
      readonly outcome: "succeeded" | "failed" | "rolled-back" | "cancelled";
      readonly durationMs: number;
      /** Operations that were carried out. */
      readonly done: number;
    }
);

/** One run of a health check. `at` is when it began. */
export interface ProbeResult {
  readonly at: string;
  readonly durationMs?: number;
  readonly exitCode: number;
  readonly output: string;
}

/** Everything a user needs about one failure, on one card. What is known to be secret is masked in all of it. */
export interface FailureCard {
  readonly code: string;
  readonly message: string;
  readonly service?: string;
  /** The name of the container that was looked at. */
  readonly container?: string;
  /** `pull`, `create`, `start`, `health`, `wait`, … */
  readonly phase: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly oomKilled?: boolean;
  readonly lastLogLines: readonly string[];
  readonly lastProbeOutput?: string;
  /** The last runs of the health check, oldest first. */
  readonly lastProbes?: readonly ProbeResult[];
  /** Services that were not started because of it. */
  readonly heldBack: readonly string[];
  readonly hint?: string;
  readonly source?: { readonly file: string; readonly line: number; readonly column: number };
}
