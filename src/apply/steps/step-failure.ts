/** Failures that know more than their message: the last words of a command, the container that was waited for. */
import { type ErrorCode, type ErrorContext, GantryError } from "../../base/errors.js";

/** The failure of a command that a plan runs: what it said last stands on the card. */
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

/** A wait that cannot end well, or did not in time, because of one container. */
export class WaitFailure extends GantryError {
  /** The container's id, or its name. */
  readonly container: string;

  constructor(code: ErrorCode, message: string, { container, ...context }: ErrorContext & { container: string }) {
    super(code, message, context);
    this.container = container;
  }
}
