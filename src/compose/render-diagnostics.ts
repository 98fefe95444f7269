/**
 * Shows diagnostics to people: what is wrong, the lines around it, what would have been right, what to do.
 *
 * Pure. One block per problem, then a line that counts them.
 */
import { relative } from "node:path";
import type { Diagnostic, SourceLocation } from "../base/diagnostic.js";
import { docsPathOf } from "./diagnostics/titles.js";
import { maskSecrets } from "./mask-secrets.js";

export interface RenderOptions {
  readonly color: boolean;
  /** Files below it are shown by their relative path. Undefined shows paths as they are. */
  readonly cwd?: string;
}

/** A broken generated file has thousands; who reads a hundred has seen the pattern. */
const maxShown = 100;
/** Lines shown before and after the one with the problem. */
const around = 2;
/** A longer line is cut, so that a minified file cannot flood the terminal. */
/** What of a line is looked through for secrets, and so shown at all. */
const maxMaskedWidth = 10_000;
const maxLineWidth = 160;
const maxMessage = 500;

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
  const shown = diagnostics.slice(0, maxShown);
  const blocks = shown.map((diagnostic) => renderOne(diagnostic, linesOf, options));
  if (shown.length < diagnostics.length) blocks.push(`… and ${diagnostics.length - shown.length} more`);
  const paint = painter(options.color);
  const links = [...new Set(shown.map(({ code }) => code))]
    .sort()
    .map((code) => paint("dim", `  see ${docsPathOf(code)}`));
  return `${[blocks.join("\n\n"), "", summary(diagnostics, options), ...links].join("\n")}\n`;
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
    `${place}${kind}: ${shorten(printable(message))}`,
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
  // A place far to the right of a long line is brought into view.
  const from = column > maxLineWidth - 20 ? column - 60 : 0;
  const found: string[] = [];
  for (let number = Math.max(1, line - around); number <= last; number++) {
    const whole = maskSecrets((lines[number - 1] ?? "").slice(0, maxMaskedWidth));
    if (number === lines.length && whole === "" && number !== line) continue; // the end of the last line
    const text = from === 0 ? printable(whole) : `…${printable(whole.slice(from))}`;
    const mark = number === line ? paint(severity === "error" ? "red" : "yellow", ">") : " ";
    found.push(`  ${mark} ${paint("dim", `${String(number).padStart(width)} |`)} ${cut(text)}`.trimEnd());
    if (number === line) {
      const caret = paint(severity === "error" ? "red" : "yellow", "^");
      const before = cells(whole.slice(from, column - 1)) + (from === 0 ? 0 : 1);
      found.push(`    ${" ".repeat(width)} ${paint("dim", "|")} ${" ".repeat(before)}${caret}`);
    }
  }
  return found;
}

/** Cells of a terminal: East Asian wide characters take two, combining ones none; a pair of surrogates two. */
function cells(text: string): number {
  const wide = text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/g);
  const combining = text.match(/\p{Mn}/gu);
  return text.length + (wide?.length ?? 0) - (combining?.length ?? 0);
}

function cut(text: string): string {
  return text.length > maxLineWidth ? `${text.slice(0, maxLineWidth - 1)}…` : text;
}

/** A name or value of a hostile file may be as long as the file. */
function shorten(message: string): string {
  return message.length > maxMessage ? `${message.slice(0, maxMessage - 1)}…` : message;
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
