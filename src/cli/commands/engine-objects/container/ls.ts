/** `gantry container ls`. */

import { shortId } from "../../../../oci/short-id.js";
import type { ContainerSummary } from "../../../../wire/container.js";
import { humanDuration } from "../../../../wire/human-duration.js";
import type { CliContext } from "../../../context.js";
import { portsText } from "../../../views/ps-view.js";
import { printTable } from "../../../views/table.js";
import { parseFilters } from "../filters.js";

export interface ContainerListOptions {
  readonly all?: boolean;
  readonly last?: number;
  readonly quiet?: boolean;
  readonly filter?: readonly string[];
  readonly format: "table" | "json";
  /** False after `--no-trunc`. */
  readonly trunc?: boolean;
}

/** A table, one JSON object per line, or ids alone. */
export async function containerLs(context: CliContext, options: ContainerListOptions): Promise<void> {
  const client = await context.connect();
  const containers = await client.containers.list(
    {
      all: options.all === true,
      filters: parseFilters(options.filter),
      ...(options.last === undefined ? {} : { limit: options.last }),
    },
    { signal: context.signal },
  );
  context.stdout.write(printContainers(containers, { ...options, now: context.clock.now() }));
}

function printContainers(
  containers: readonly ContainerSummary[],
  { quiet, format, trunc = true, now }: Omit<ContainerListOptions, "filter"> & { now: Date },
): string {
  const rows = containers.map((container) => rowOf(container, { trunc, now }));
  if (quiet) return rows.map(({ ID }) => `${ID}\n`).join("");
  if (format === "json") return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const header = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];
  return printTable(
    header,
    rows.map((row) => [row.ID, row.Image, row.Command, row.RunningFor, row.Status, row.Ports, row.Names]),
  );
}

/** The fields of the docker CLI's own JSON. */
function rowOf(container: ContainerSummary, { trunc, now }: { trunc: boolean; now: Date }) {
  const isCut = trunc && container.Command.length > 20;
  const command = isCut ? `${container.Command.slice(0, 19)}…` : container.Command;
  return {
    ID: trunc ? shortId(container.Id) : container.Id,
    Names: container.Names.map((name) => name.replace(/^\//, "")).join(","),
    Image: container.Image,
    Command: `"${command}"`,
    CreatedAt: new Date(container.Created * 1000).toISOString(),
    RunningFor: `${humanDuration(now.getTime() - container.Created * 1000)} ago`,
    State: container.State,
    Status: container.Status,
    Ports: portsText(container.Ports),
    Labels: Object.entries(container.Labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(","),
    Networks: Object.keys(container.NetworkSettings.Networks).join(","),
    Mounts: container.Mounts.map(({ Name, Source }) => Name ?? Source).join(","),
  };
}
