/** The failure of a command that a plan runs: what it said last stands on the card. */
import { type ErrorCode, type ErrorContext, GantryError } from "../../base/errors.js";

export class StepFailure extends GantryError {
  readonly exitCode: number | undefined;
  /** The end of its output, oldest first. */
  readonly lines: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    { exitCode, lines, ...context }: ErrorContext & { exitCode?: number | undefined; lines: readonly string[] },
  ) {
    super(code, message, context);
    this.exitCode = exitCode;
    this.lines = lines;
  }
}
