/**
 * The values of `--format`: `table`, `json`, a template, or `table` and a template that makes the columns. Pure.
 *
 * @see Docker, "Format command and log output"
 */
import { printTable } from "../views/table.js";
import { executeTemplate } from "./execute.js";
import { headerFunctions, toJson } from "./functions.js";
import { parseTemplate } from "./parse.js";

/** A line of a listing: its values by the names that templates use; functions are methods, such as `Label`. */
export type Row = Readonly<Record<string, unknown>>;

export interface Listing {
  /** The titles of all that a row has, by name. */
  readonly titles: Readonly<Record<string, string>>;
  /** Names of the columns that are shown when nothing else is asked for. */
  readonly columns: readonly string[];
  /** The width that a column of the table has at least. */
  readonly least?: number;
}

/** What `--format` asks for, each line with its end. Throws a TemplateError, also when there is no row. */
export function printListing(rows: readonly Row[], { titles, columns, ...widths }: Listing, format = "table"): string {
  const wanted = format.trim();
  if (wanted === "" || wanted === "table") {
    const cells = rows.map((row) => columns.map((name) => String(row[name] ?? "")));
    const header = columns.map((name) => titles[name] ?? name.toUpperCase());
    return printTable(header, cells, widths);
  }
  if (wanted === "json") return rows.map((row) => `${toJson(sorted(row))}\n`).join("");
  const isTable = /^table\s/.test(wanted);
  const template = parseTemplate(unescaped(isTable ? wanted.replace(/^table\s+/, "") : wanted));
  const texts = rows.map((row) => executeTemplate(template, row));
  if (!isTable) return texts.map((text) => `${text}\n`).join("");
  const title = executeTemplate(template, { ...titles, Label: lastName }, headerFunctions);
  const [header = [], ...cells] = [title, ...texts].map((text) => text.split("\t"));
  return printTable(header, cells);
}

/** One value: by a template, or as JSON for `json`. */
export function printValue(value: unknown, format: string): string {
  return valuePrinter(format)(value);
}

/** The same for many values: the template is parsed, and refused, at once. */
export function valuePrinter(format: string): (value: unknown) => string {
  if (format.trim() === "json") return (value) => `${toJson(value)}\n`;
  const template = parseTemplate(format);
  return (value) => `${executeTemplate(template, value)}\n`;
}

/** Text outside of actions has `\t` and `\n` written out, as shells pass them. */
function unescaped(format: string): string {
  return format.replace(/\\t/g, "\t").replace(/\\n/g, "\n");
}

/** The title of a label's column: what stands behind its last dot. */
function lastName(label: unknown): string {
  return String(label).split(".").at(-1)?.replace(/[-_]/g, " ") ?? "";
}

/** As docker prints the members of a line: by name. */
function sorted(row: Row): Row {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}
