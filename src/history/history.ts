/**
 * The history of projects: who changed what, and from what it could be applied again. Implemented by
 * `generation-files.ts`; the tool reaches that of the engine by HTTP.
 *
 * Life: a change begins as a generation before its first operation (`applying`) and is ended once. One whose maker was
 * killed has no end and is told as `interrupted`. The oldest go when there are too many; the newest of a project stays,
 * so that its number is not given again.
 */
import type { Generation, GenerationDraft, GenerationEnd, GenerationSummary } from "../wire/history.js";

export interface History {
  /** The newest last; empty for a project that nobody knows. */
  list(project: string): Promise<GenerationSummary[]>;
  /** With its model. Throws "generation-not-found". */
  get(project: string, number: number): Promise<Generation>;
  /** Its number, once it is kept. Throws "bad-parameter" for what is no draft. */
  begin(draft: GenerationDraft): Promise<number>;
  /** Throws "generation-not-found". */
  end(project: string, number: number, end: GenerationEnd): Promise<void>;
}

/** What of a history is kept, and what it takes: for those who tidy up. */
export interface HistoryUpkeep {
  /** Names, sorted. */
  projects(): Promise<string[]>;
  /** The newest last. */
  sizes(project: string): Promise<Array<{ readonly generation: GenerationSummary; readonly sizeBytes: number }>>;
  /** With the last one the project is forgotten. */
  drop(project: string, numbers: readonly number[]): Promise<void>;
}
