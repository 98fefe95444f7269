/** `gantry history`: the generations of a project, or all that is known of one. */
import type { EngineClient } from "../../../../client/engine-client.js";
import { asYamlModel } from "../../../../compose/canonical/project-to-config.js";
import { maskedModel } from "../../../../plan/history/masked-model.js";
import type { TrashedVolume } from "../../../../wire/history.js";
import type { CliContext } from "../../../context.js";
import { writeListing, writeText, writeValue } from "../../../listing.js";
import { generationFields, generationListing, generationRow } from "../../../views/rows/generation-row.js";
import { printFields } from "../../../views/table.js";
import { wholeNumber } from "../load.js";
import { openHistory } from "./open-history.js";
import { projectNameOf } from "./project-name.js";

export interface HistoryFlags {
  readonly format?: string;
  readonly quiet?: boolean;
  /** The model too, in which values of environments are hidden. */
  readonly model?: boolean;
}

/** The newest first. */
export async function history(context: CliContext, flags: HistoryFlags, word: string | undefined): Promise<void> {
  const name = await projectNameOf(context);
  if (name === undefined) return;
  const client = await context.connect();
  const generations = await openHistory(context, client);
  const now = context.clock.now().getTime();
  if (word === undefined) {
    const rows = (await generations.list(name)).toReversed().map((one) => generationRow(one, now));
    const quiet = flags.quiet ? "Generation" : undefined;
    return writeListing(context, rows, { ...generationListing, format: flags.format, quiet });
  }
  const number = wholeNumber(word, "GENERATION", 1);
  const { model, facts, configs: _, secrets: __, ...rest } = await generations.get(name, number);
  const found = { ...rest, hasModel: model !== undefined && facts !== undefined };
  const shown = flags.model && model ? { ...found, model: maskedModel(model) } : found;
  if (flags.format !== undefined && flags.format !== "table") return writeValue(context, shown, flags.format);
  const trashed = (await trashOf(client)).filter(
    ({ project, generation }) => project === name && generation === number,
  );
  writeText(context, printFields(generationFields(found, { now, trashed })));
  if (!("model" in shown)) return;
  const { printYaml } = await import("../../../../compose/load/print-yaml.js");
  writeText(context, `---\n${printYaml(asYamlModel(shown.model)).trimEnd()}\n`);
}

/** Empty for an engine that has none. */
export function trashOf(client: EngineClient): Promise<TrashedVolume[]> {
  return client.engine.kind === "gantry" ? client.trash.list() : Promise.resolve([]);
}
