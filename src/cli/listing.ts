/** Writes what listing and inspecting commands found, in the format that the user asked for. */
import { printable } from "../base/printable.js";
import type { CliContext } from "./context.js";
import { inspectAll } from "./each-name.js";
import type { Listing, Row } from "./template/format.js";
import type { InspectedKind } from "./template/inspect-shape.js";

export interface ListingOptions {
  /** `table` (the default), `json`, a template, or `table` and a template. */
  readonly format?: string | undefined;
  /** The field that `--quiet` prints alone, when it was given. */
  readonly quiet?: string | undefined;
}

/** A line for each row. Throws "bad-parameter" for a template that is wrong. */
export async function writeListing(
  context: CliContext,
  rows: readonly Row[],
  { format, quiet, ...listing }: Listing & ListingOptions,
): Promise<void> {
  if (quiet !== undefined) return void context.stdout.write(rows.map((row) => `${row[quiet]}\n`).join(""));
  const { printListing } = await import("./template/format.js");
  writeText(context, printListing(rows, listing, format));
}

/**
 * What `inspect` gives for each name: a JSON array, or a line by the template for each. A missing one is reported, the
 * others are printed and the exit code is 1.
 */
export async function writeInspected(
  context: CliContext,
  names: readonly string[],
  { kind, format, inspect }: { kind: InspectedKind; format?: string | undefined; inspect: Inspect },
): Promise<void> {
  const found = await inspectAll(context, names, async (name) => ({ kind, value: await inspect(name) }));
  await printInspected(context, found, format);
}

/** The same for values that are there. */
export async function printInspected(
  context: CliContext,
  found: ReadonlyArray<{ readonly kind: InspectedKind; readonly value: unknown }>,
  format = "",
): Promise<void> {
  const values = found.map(({ value }) => value);
  if (format === "") return void context.stdout.write(`${JSON.stringify(values, null, 4)}\n`);
  if (format === "json") return void context.stdout.write(`${JSON.stringify(values)}\n`);
  const [{ valuePrinter }, { inspectShape }] = await Promise.all([
    import("./template/format.js"),
    import("./template/inspect-shape.js"),
  ]);
  const print = valuePrinter(format);
  writeText(context, found.map(({ kind, value }) => print(inspectShape(value, kind))).join(""));
}

type Inspect = (name: string) => Promise<unknown>;

/** One value by a template, or as JSON. Throws "bad-parameter" for a template that is wrong. */
export async function writeValue(context: CliContext, value: unknown, format: string): Promise<void> {
  const { printValue } = await import("./template/format.js");
  writeText(context, printValue(value, format));
}

/** At the reader's pace. */
export async function writeOut(output: NodeJS.WriteStream, text: string): Promise<void> {
  if (!output.write(text)) await new Promise((resolve) => output.once("drain", resolve));
}

/** A terminal gets no control characters that came from a name, a label or a message. */
export function writeText({ stdout }: CliContext, text: string): void {
  stdout.write(stdout.isTTY ? printable(text) : text);
}
