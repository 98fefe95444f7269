/** Commands that are part of another one, whose exit code is not theirs to set. Pure. */
import type { CliContext } from "./context.js";

/** The context with another place for exit codes; everything else, the connection too, is the same. */
export function withFinish(context: CliContext, finish: (exitCode: number) => void): CliContext {
  return {
    ...context, // members of its own; what its class gives it follows
    globals: context.globals,
    takeSignals: (listener) => context.takeSignals(listener),
    takeEndings: (listener) => context.takeEndings(listener),
    checkHost: () => context.checkHost(),
    connectAhead: () => context.connectAhead(),
    chooseEngine: () => context.chooseEngine(),
    connect: () => context.connect(),
    dockerConfig: () => context.dockerConfig(),
    finish,
  };
}
