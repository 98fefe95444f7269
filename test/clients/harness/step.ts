/** One line of a table: something that a user of the docker CLI does, here and with a real daemon. Pure. */
import type { Act } from "./terminal.js";

export interface Step {
  /** A line for `sh`, run in a directory of the side's own with `docker` set up for it. */
  readonly run: string;
  /** Runs it on a pseudo-terminal; what appears there is compared as stdout. */
  readonly acts?: readonly Act[];
  /** Lines may come in any order. */
  readonly unordered?: boolean;
  /** What else may differ, with the word to compare in its place. */
  readonly mask?: ReadonlyArray<readonly [RegExp, string]>;
  /** Needs a CLI of this major version or a later one. */
  readonly cli?: number;
  /** A difference that is meant: why, what ours says (stdout and stderr), and how it ends if not alike. */
  readonly differs?: { readonly because: string; readonly ours: RegExp; readonly exitCode?: number };
}

export interface Table {
  readonly name: string;
  readonly steps: ReadonlyArray<Step | string>;
}

/** What a step left on one side, normalised: a text that two sides can be compared by. */
export interface Result {
  readonly exitCode: number;
  readonly output: string;
}
