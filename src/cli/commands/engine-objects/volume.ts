/** `gantry volume ls | create | inspect | rm`. */
import type { CliContext } from "../../context.js";
import { eachName, inspectNames } from "../../each-name.js";
import { parsePairs } from "../../options.js";
import { printTable } from "../../views/table.js";
import { parseFilters } from "./filters.js";

type Names = readonly string[];

export interface ObjectListOptions {
  readonly quiet?: boolean;
  readonly filter?: readonly string[];
  readonly format: "table" | "json";
}

/** A table, one JSON object per line, or names alone. */
export async function volumeLs(context: CliContext, { quiet, filter, format }: ObjectListOptions): Promise<void> {
  const client = await context.connect();
  const volumes = await client.volumes.list(parseFilters(filter), { signal: context.signal });
  const sorted = volumes.toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
  if (quiet) context.stdout.write(sorted.map(({ Name }) => `${Name}\n`).join(""));
  else if (format === "json") context.stdout.write(sorted.map((volume) => `${JSON.stringify(volume)}\n`).join(""));
  else {
    const rows = sorted.map(({ Driver, Name }) => [Driver, Name]);
    context.stdout.write(printTable(["DRIVER", "VOLUME NAME"], rows));
  }
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

/** A JSON array of what the engine knows. */
export async function volumeInspect(context: CliContext, names: Names): Promise<void> {
  const client = await context.connect();
  await inspectNames(context, names, (name) => client.volumes.inspect(name));
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
