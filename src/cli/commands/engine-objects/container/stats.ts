/** `gantry container stats`: a table that is drawn anew every second. */
import { shortId } from "../../../../oci/short-id.js";
import type { CliContext } from "../../../context.js";
import { statsListing, statsRow } from "../../../views/stats-view.js";

export interface StatsOptions {
  readonly all?: boolean;
  /** False with `--no-stream`: once. */
  readonly stream?: boolean;
  /** False with `--no-trunc`. */
  readonly trunc?: boolean;
  readonly format?: string;
  /** Narrow which containers are shown when none is named. */
  readonly filters?: Readonly<Record<string, readonly string[]>>;
}

/** Of the named containers, or of all that run. */
export async function containerStats(
  context: CliContext,
  { all = false, stream = true, trunc = true, format, filters }: StatsOptions,
  names: readonly string[],
): Promise<void> {
  const client = await context.connect();
  const { signal, stdout } = context;
  const { printListing } = await import("../../../template/format.js");
  const listed = async () =>
    (await client.containers.list({ all, ...(filters ? { filters } : {}) }, { signal })).map(({ Id }) => Id);
  const ids = names.length > 0 ? names : await listed();
  const rows = new Map<string, ReturnType<typeof statsRow>>();
  const print = () => {
    const text = printListing(
      ids.flatMap((id) => rows.get(id) ?? []),
      statsListing,
      format,
    );
    stdout.write(stream && stdout.isTTY ? `\x1b[H\x1b[2J${text}` : text);
  };
  const follow = async (id: string) => {
    for await (const stats of client.upkeep.stats(id, { stream }, { signal })) {
      rows.set(id, statsRow(stats, { trunc, container: names.length > 0 ? id : trunc ? shortId(id) : id }));
      if (stream && id === ids[0]) print();
    }
    if (stream) rows.delete(id);
  };
  await Promise.all(ids.map(follow));
  if (!stream) print();
}
