/** `gantry container stats`: a table that is drawn anew every second. */

import type { EngineClient } from "../../../../client/engine-client.js";
import { shortId } from "../../../../oci/short-id.js";
import type { CliContext } from "../../../context.js";
import type { printListing } from "../../../template/format.js";
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

/** Of the named containers, or of all that run: then those that start later are shown too, until Ctrl-C. */
export async function containerStats(
  context: CliContext,
  options: StatsOptions,
  names: readonly string[],
): Promise<void> {
  const client = await context.connect();
  const { signal } = context;
  const { all = false, stream = true, filters = {} } = options;
  const { printListing } = await import("../../../template/format.js");
  const view = new StatsView(context, client, { ...options, named: names.length > 0, printListing });
  if (names.length > 0) return view.follow(names);
  const found = (await client.containers.list({ all, filters }, { signal })).map(({ Id }) => Id);
  if (!stream) return view.follow(found);
  if (found.length === 0) view.print();
  const starts = { type: ["container"], event: ["start"], ...filters };
  const followed = view.follow(found);
  followed.catch(() => {}); // told below, unless the events end the same way before
  for await (const { Actor } of client.system.events({ filters: starts }, { signal })) {
    view.follow([Actor.ID]).catch(() => {}); // it may have ended at once
  }
  await followed;
}

/** The rows of the containers whose readings have come. */
class StatsView {
  readonly #context: CliContext;
  readonly #client: EngineClient;
  readonly #options: StatsOptions & { named: boolean; printListing: typeof printListing };
  readonly #rows = new Map<string, ReturnType<typeof statsRow> | undefined>();

  constructor(
    context: CliContext,
    client: EngineClient,
    options: StatsOptions & { named: boolean; printListing: typeof printListing },
  ) {
    this.#context = context;
    this.#client = client;
    this.#options = options;
  }

  /** Until the readings end: at once without `stream`, else when the containers are gone. */
  async follow(ids: readonly string[]): Promise<void> {
    const { stream = true } = this.#options;
    for (const id of ids) this.#rows.set(id, undefined);
    await Promise.all(ids.map((id) => this.#follow(id)));
    if (!stream) this.print();
  }

  print(): void {
    const { stdout } = this.#context;
    const { stream = true, format = this.#context.dockerConfig().statsFormat, printListing } = this.#options;
    const rows = [...this.#rows.values()].filter((row) => row !== undefined);
    const text = printListing(rows, statsListing, format);
    stdout.write(stream && stdout.isTTY ? `\x1b[H\x1b[2J${text}` : text);
  }

  async #follow(id: string): Promise<void> {
    const { stream = true, trunc = true, named } = this.#options;
    const container = named || !trunc ? id : shortId(id);
    try {
      for await (const stats of this.#client.upkeep.stats(id, { stream }, { signal: this.#context.signal })) {
        this.#rows.set(id, statsRow(stats, { trunc, container }));
        // All come once a second: the first of them draws for the others.
        if (stream && id === this.#rows.keys().next().value) this.print();
      }
    } finally {
      if (stream) this.#rows.delete(id);
    }
  }
}
