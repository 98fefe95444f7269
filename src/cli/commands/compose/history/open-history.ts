/**
 * Where the history of projects is: with our own engine, and for another engine in files of this user.
 *
 * Those are `$XDG_STATE_HOME/gantry/history/<engine>/…`, mode 0600, one directory for each address of an engine.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { HistoryCalls } from "../../../../client/history-calls.js";
import type { GenerationFiles } from "../../../../history/generation-files.js";
import type { CliContext } from "../../../context.js";
import { warn } from "../output/notice.js";
import { stateDirectory } from "./state-directory.js";

/** The engine's own, or that of files. */
export async function openHistory(context: CliContext, client: EngineClient): Promise<HistoryCalls> {
  return client.engine.kind === "gantry" ? client.history : openHistoryFiles(context);
}

/** Those of the engine that the command line chose; a damaged one is told of and set aside. */
export async function openHistoryFiles(context: CliContext): Promise<GenerationFiles> {
  const [{ GenerationFiles: Files }, { isAtWork }, { printEndpoint }, choice] = await Promise.all([
    import("../../../../history/generation-files.js"),
    import("../../../../apply/history/at-work.js"),
    import("../../../../client/endpoint.js"),
    context.chooseEngine(),
  ]);
  const address = choice.kind === "embedded" ? "embedded" : printEndpoint(choice.endpoint);
  const engine = createHash("sha256").update(address).digest("hex").slice(0, 12);
  return new Files({
    directory: join(stateDirectory(context), "history", engine),
    now: () => context.clock.now(),
    isAtWork: ({ author }) => isAtWork(author),
    onDamaged: ({ path, reason }) => {
      warn(context, `A damaged generation was set aside: ${path}: ${reason}`);
    },
  });
}
