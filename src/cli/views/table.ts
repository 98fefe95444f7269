/** Text tables for people. Control characters of cells are taken out. Pure. */
import { printable } from "../../base/printable.js";

/**
 * Columns as wide as their widest cell and a gap, and at least `least`; without words of their own as docker's are. The
 * last one is not padded.
 * Each line ends with a newline.
 */
export function printTable(
  header: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
  { least = 10, gap = 3 }: { least?: number; gap?: number } = {},
): string {
  const lines = [header, ...rows].map((cells) => cells.map(printable));
  const widths = header.map((_title, at) =>
    Math.max(least, lines.reduce((widest, cells) => Math.max(widest, (cells[at] ?? "").length), 0) + gap),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("")
      .trimEnd();
  return lines.map((cells) => `${line(cells)}\n`).join("");
}

/** `Name: value` lines with the values in one column. */
export function printFields(fields: ReadonlyArray<readonly [string, string]>): string {
  const width = Math.max(...fields.map(([name]) => name.length)) + 1;
  return fields.map(([name, value]) => `${`${name}:`.padEnd(width)} ${printable(value)}\n`).join("");
}

/** Decimal units with three digits, as docker prints sizes in lists, or four, as in its sums: `4.43MB`, `4.429MB`. */
export function printSize(bytes: number, digits: 3 | 4 = 3): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}
