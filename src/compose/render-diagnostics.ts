/**
 * Shows diagnostics to people: what is wrong, the lines around it, what would have been right, what to do.
 *
 * Pure. One block per problem, then a line that counts them.
 */
import { relative } from "node:path";
import type { Diagnostic, SourceLocation } from "../base/diagnostic.js";

export interface RenderOptions {
  readonly color: boolean;
  /** Files below it are shown by their relative path. Undefined shows paths as they are. */
  readonly cwd?: string;
}

/** Lines shown before and after the one with the problem. */
const around = 2;
/** A longer line is cut, so that a minified file cannot flood the terminal. */
const maxLineWidth = 160;

/** The whole text, ending in a newline; empty when there is nothing to show. `readText` answers a file's text. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  readText: (file: string) => string | undefined,
  options: RenderOptions,
): string {
  if (diagnostics.length === 0) return "";
  const lines = new Map<string, readonly string[]>();
  const linesOf = (file: string) => {
    const known = lines.get(file) ?? (readText(file) ?? "").split(/\r?\n/);
    lines.set(file, known);
    return known;
  };
  const blocks = diagnostics.map((diagnostic) => renderOne(diagnostic, linesOf, options));
  return `${blocks.join("\n\n")}\n\n${summary(diagnostics, options)}\n`;
}

function renderOne(
  { severity, code, message, source, expected, hint }: Diagnostic,
  linesOf: (file: string) => readonly string[],
  options: RenderOptions,
): string {
  const paint = painter(options.color);
  const kind = severity === "error" ? paint("red", `error[${code}]`) : paint("yellow", `warning[${code}]`);
  const place = source ? `${paint("bold", placeText(source, options.cwd))}: ` : "";
  return [
    `${place}${kind}: ${printable(message)}`,
    ...(source ? frame(source, linesOf(source.file), severity, options) : []),
    ...(expected ? [`  ${paint("dim", "expected:")} ${printable(expected)}`] : []),
    ...(hint ? [`  ${paint("cyan", "hint:")} ${printable(hint)}`] : []),
  ].join("\n");
}

function placeText({ file, line, column }: SourceLocation, cwd: string | undefined): string {
  const name = file === "-" ? "(stdin)" : cwd === undefined ? file : relative(cwd, file);
  return `${name.startsWith("../../") ? file : name}:${line}:${column}`;
}

function frame(
  { line, column }: SourceLocation,
  lines: readonly string[],
  severity: Diagnostic["severity"],
  { color }: RenderOptions,
): string[] {
  if (line > lines.length || (lines.length === 1 && lines[0] === "")) return [];
  const paint = painter(color);
  const last = Math.min(lines.length, line + around);
  const width = String(last).length;
  const found: string[] = [];
  for (let number = Math.max(1, line - around); number <= last; number++) {
    const text = printable(lines[number - 1] ?? "");
    if (number === lines.length && text === "" && number !== line) continue; // the end of the last line
    const mark = number === line ? paint(severity === "error" ? "red" : "yellow", ">") : " ";
    found.push(`  ${mark} ${paint("dim", `${String(number).padStart(width)} |`)} ${cut(text)}`.trimEnd());
    if (number === line && column <= maxLineWidth) {
      const caret = paint(severity === "error" ? "red" : "yellow", "^");
      found.push(`    ${" ".repeat(width)} ${paint("dim", "|")} ${" ".repeat(column - 1)}${caret}`);
    }
  }
  return found;
}

function cut(text: string): string {
  return text.length > maxLineWidth ? `${text.slice(0, maxLineWidth - 1)}…` : text;
}

/** Tabs keep their one column under the caret; other control characters of a hostile file must not reach a terminal. */
function printable(text: string): string {
  return text.replaceAll("\t", " ").replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "�");
}

function summary(diagnostics: readonly Diagnostic[], { color }: RenderOptions): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.length - errors;
  const parts = [count(errors, "error"), count(warnings, "warning")].filter((part) => part !== "");
  return painter(color)("bold", parts.join(", "));
}

function count(many: number, what: string): string {
  return many === 0 ? "" : `${many} ${what}${many === 1 ? "" : "s"}`;
}

const codes = { red: "31", yellow: "33", cyan: "36", bold: "1", dim: "2" } as const;

function painter(color: boolean): (style: keyof typeof codes, text: string) => string {
  return (style, text) => (color ? `\x1b[${codes[style]}m${text}\x1b[0m` : text);
}
