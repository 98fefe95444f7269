/** `gantry gc`: lets go of what nobody will ask for again, and says what that frees. */

import type { EngineClient } from "../../../../client/engine-client.js";
import { forgettable } from "../../../../history/forgettable.js";
import { shortId } from "../../../../oci/short-id.js";
import type { GcReply } from "../../../../wire/history.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { CliContext } from "../../../context.js";
import { writeText, writeValue } from "../../../listing.js";
import { printSize } from "../../../views/table.js";
import { wholeNumber } from "../load.js";
import { confirm } from "../output/confirm.js";
import { openHistoryFiles } from "./open-history.js";

export interface GcFlags {
  readonly all?: boolean;
  readonly keep?: string;
  readonly force?: boolean;
  /** The same by another name. */
  readonly yes?: boolean;
  readonly format?: string;
}

const defaultKeep = 10;

/** With `--dry-run` it only tells. Asks before all of the trash goes; no answer is a no. */
export async function gc(context: CliContext, flags: GcFlags): Promise<void> {
  const keep = flags.keep === undefined ? defaultKeep : wholeNumber(flags.keep, "--keep", 1);
  const { all = false } = flags;
  const DryRun = context.globals.dryRun === true;
  const client = await context.connect();
  if (all && !DryRun && !(flags.force || flags.yes)) {
    const question = "All volumes in the trash are deleted, and all but the newest generation of each project. Go on?";
    await confirm(context, question, { otherwise: false, hint: "To go on unasked: --force" });
  }
  const found =
    client.engine.kind === "gantry"
      ? await client.trash.collect({ DryRun, All: all, Keep: keep }, { signal: context.signal })
      : await collectFiles(context, client, { isDry: DryRun, all, keep });
  if (flags.format !== undefined && flags.format !== "table") return writeValue(context, found, flags.format);
  writeText(context, printed(found, DryRun));
}

/** On another engine only the history is ours. */
async function collectFiles(
  context: CliContext,
  client: EngineClient,
  { isDry, all, keep }: { isDry: boolean; all: boolean; keep: number },
): Promise<GcReply> {
  const history = await openHistoryFiles(context);
  const now = context.clock.now();
  const generations: Array<GcReply["generations"][number]> = [];
  for (const project of await history.projects()) {
    const kept = await history.sizes(project);
    const isGone = !(await isThere(client, project));
    const doomed = forgettable(
      kept.map(({ generation }) => generation),
      { keep, all, isGone, now },
    );
    for (const { generation, sizeBytes } of kept) {
      if (doomed.includes(generation.number)) generations.push({ project, number: generation.number, sizeBytes });
    }
    if (!isDry) await history.drop(project, doomed);
  }
  return { volumes: [], generations, images: [], leftovers: { count: 0, sizeBytes: 0 } };
}

async function isThere(client: EngineClient, project: string): Promise<boolean> {
  const filters = { label: [`${composeLabels.project}=${project}`] };
  const [containers, networks, volumes] = await Promise.all([
    client.containers.list({ all: true, filters }),
    client.networks.list(filters),
    client.volumes.list(filters),
  ]);
  return containers.length + networks.length + volumes.length > 0;
}

function printed({ volumes, generations, images, leftovers }: GcReply, isDry: boolean): string {
  const lines = [
    ...volumes.map(({ name, project, sizeBytes }) => `volume ${name} of ${project}: ${printSize(sizeBytes)}`),
    ...generations.map(({ project, number, sizeBytes }) => {
      return `generation ${number} of ${project}: ${printSize(sizeBytes)}`;
    }),
    ...images.map(({ id, sizeBytes }) => `image ${shortId(id)}: ${printSize(sizeBytes)}`),
    ...(leftovers.count > 0 ? [`${leftovers.count} blobs and layers: ${printSize(leftovers.sizeBytes)}`] : []),
  ];
  const sizes = [...volumes, ...generations, ...images, leftovers].map(({ sizeBytes }) => sizeBytes);
  const total = printSize(
    sizes.reduce((sum, size) => sum + size, 0),
    4,
  );
  return `${[...lines, `${isDry ? "Would free" : "Freed"}: ${total}`].join("\n")}\n`;
}
