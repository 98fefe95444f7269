/** Runs listr2 tasks on the program's streams: a moving list on a terminal, lines elsewhere, nothing for programs. */
import { Listr, ListrLogger, type ListrTask, ProcessOutput } from "listr2";
import type { CliContext } from "../../../context.js";
import { progressMode } from "../output/terminal.js";

export type { ListrTask } from "listr2";

/** More than a terminal's few lines, so that the moving view is used wherever it can be. */
const manyOperations = 100;

/** Resolves when all have ended; rejects with the first error of one that ends the list. */
export async function runTasks(
  context: CliContext,
  tasks: ListrTask[],
  { concurrent = false, exitOnError = true }: { concurrent?: boolean; exitOnError?: boolean } = {},
): Promise<void> {
  const { stderr } = context;
  const mode = progressMode(context, { operations: manyOperations });
  const logger = new ListrLogger({
    processOutput: new ProcessOutput(stderr, stderr),
    useIcons: mode !== "tty",
    toStderr: [],
  });
  const renderer = mode === "tty" ? "default" : mode === "plain" ? "simple" : "silent";
  const list = new Listr(tasks, {
    concurrent,
    exitOnError,
    renderer,
    // Chosen above, by the rules of all commands; and signals are the program's.
    fallbackRendererCondition: false,
    silentRendererCondition: false,
    registerSignalListeners: false,
    rendererOptions: { logger, ...(mode === "tty" ? { collapseSubtasks: false, collapseErrors: true } : {}) },
  });
  await list.run();
}
