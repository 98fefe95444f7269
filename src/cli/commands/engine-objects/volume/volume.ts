/** `gantry volume ls | create | inspect | rm`. */
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";
import { eachName } from "../../../each-name.js";
import { writeInspected, writeListing } from "../../../listing.js";
import { parsePairs } from "../../../options.js";
import { volumeListing, volumeRow } from "../../../views/rows/network-row.js";
import { parseFilters } from "../filters.js";

type Names = readonly string[];

export interface ObjectListOptions {
  readonly quiet?: boolean;
  readonly filter?: readonly string[];
  readonly format?: string;
}

/** By name. */
export async function volumeLs(context: CliContext, { quiet, filter, format }: ObjectListOptions): Promise<void> {
  const client = await context.connect();
  const volumes = await client.volumes.list(parseFilters(filter), { signal: context.signal });
  const rows = volumes.toSorted((a, b) => (a.Name < b.Name ? -1 : 1)).map(volumeRow);
  await writeListing(context, rows, {
    ...volumeListing,
    format: format ?? context.dockerConfig().volumesFormat,
    quiet: quiet ? "Name" : undefined,
  });
}

/** Docker's volumes of Swarm: they have what no volume of a single engine has. */
export function clusterOnly(what: string): GantryError {
  return new GantryError("not-supported", `${what} is for cluster volumes, which only a Swarm has`);
}

/** Prints the name; without one the engine chooses it. An existing volume is left as it is. */
export async function volumeCreate(
  context: CliContext,
  { driver, opt, label }: { driver: string; opt?: readonly string[]; label?: readonly string[] },
  [name]: Names,
): Promise<void> {
  const client = await context.connect();
  const body = {
    Driver: driver,
    DriverOpts: parsePairs(opt),
    Labels: parsePairs(label),
    ...(name ? { Name: name } : {}),
  };
  context.stdout.write(`${(await client.volumes.create(body)).Name}\n`);
}

/** A JSON array of what the engine knows, or a line by the template for each. */
export async function volumeInspect(context: CliContext, { format }: { format?: string }, names: Names): Promise<void> {
  const client = await context.connect();
  await writeInspected(context, names, { kind: "volume", format, inspect: (name) => client.volumes.inspect(name) });
}

/** With `force` a missing one is fine. */
export async function volumeRm(
  context: CliContext,
  { force = false }: { force?: boolean },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  await eachName(context, names, (name) => client.volumes.remove(name, { force }));
}
