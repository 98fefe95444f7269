/** A step that failed, with everything that people need to see of it. */
import { GantryError } from "../../base/errors.js";
import type { FailedStep } from "./build-request.js";

/** `code` is that of the cause; a command that failed is "build-failed". */
export class BuildError extends GantryError {
  readonly step: FailedStep;

  constructor(message: string, step: FailedStep, cause?: unknown) {
    const code = cause instanceof GantryError ? cause.code : "build-failed";
    const hint = cause instanceof GantryError && cause.hint !== undefined ? { hint: cause.hint } : {};
    const source = { file: step.file, line: step.line, column: 1 };
    super(code, message, { source, ...hint, ...(cause === undefined ? {} : { cause }) });
    this.step = step;
  }
}
