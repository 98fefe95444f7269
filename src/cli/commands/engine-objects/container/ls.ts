/** `gantry container ls`. */
import type { CliContext } from "../../../context.js";
import { writeListing } from "../../../listing.js";
import { containerListing, containerRow } from "../../../views/rows/container-row.js";
import { parseFilters } from "../filters.js";

export interface ContainerListOptions {
  readonly all?: boolean;
  readonly last?: number;
  readonly latest?: boolean;
  readonly quiet?: boolean;
  readonly size?: boolean;
  readonly filter?: readonly string[];
  readonly format?: string;
  /** False after `--no-trunc`. */
  readonly trunc?: boolean;
}

/** Newest first. */
export async function containerLs(context: CliContext, options: ContainerListOptions): Promise<void> {
  const client = await context.connect();
  const limit = options.latest ? 1 : options.last;
  // A template may ask for it, and then it is worth the engine's effort.
  const size = options.size === true || /\.Size\b/.test(options.format ?? "");
  const query = {
    all: options.all === true,
    size,
    filters: parseFilters(options.filter),
    ...(limit === undefined || limit < 0 ? {} : { limit }),
  };
  const containers = await client.containers.list(query, { signal: context.signal });
  const now = context.clock.now().getTime();
  const rows = containers.map((container) => containerRow(container, { trunc: options.trunc ?? true, now }));
  const columns = options.size ? [...containerListing.columns, "Size"] : containerListing.columns;
  await writeListing(context, rows, {
    ...containerListing,
    columns,
    format: options.format ?? context.dockerConfig().psFormat,
    quiet: options.quiet ? "ID" : undefined,
  });
}
