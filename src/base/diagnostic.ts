/** What is wrong in the user's input, with its place. Pure. */

/** A place in a text file. `line` and `column` count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One problem of the user's input. All of them are collected and shown at once, sorted by place.
 *
 * `code` is stable (`unknown-key`, `bad-port`, …), `path` the field (`services.web.ports[0]`), `expected` what would
 * have
 * been right, `hint` what to do (`Did you mean "ports"?`).
 */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly path?: string;
  readonly source?: SourceLocation;
  readonly expected?: string;
  readonly hint?: string;
}
