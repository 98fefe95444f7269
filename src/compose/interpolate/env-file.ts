/**
 * Reads the grammar of `.env`, `env_file` and `label_file`.
 *
 * Pure. `KEY=VALUE` or `KEY: VALUE` per line, optional `export `, `#` comments, single quotes literal, double quotes
 * with escapes and over several lines; unquoted and double-quoted values are interpolated. A bare `KEY` takes the
 * environment's value and is left out when there is none.
 */
import { interpolate, type Lookup } from "./interpolate.js";

export interface EnvFileProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}
export interface EnvFileResult {
  readonly values: ReadonlyMap<string, string>;
  /** Where the value of each key begins its line. */
  readonly places: ReadonlyMap<string, { readonly line: number; readonly column: number }>;
  readonly problems: readonly EnvFileProblem[];
}

const keyPattern = /[\p{L}\p{N}_.\-[\]]+/uy;
const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  c: "",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "\\": "\\",
};

/**
 * The variables of a file. `outer` answers names first, then the keys read so far; so the process environment wins in
 * interpolation. A later key replaces an earlier one.
 */
export function parseEnvFile(text: string, outer: Lookup): EnvFileResult {
  const values = new Map<string, string>();
  const places = new Map<string, { line: number; column: number }>();
  const problems: EnvFileProblem[] = [];
  const lookup: Lookup = (name) => outer(name) ?? values.get(name);
  const source = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const locate = locator(source);
  let at = 0;
  while (at < source.length) {
    const entry = readEntry(source, at, lookup);
    if (entry.problem) problems.push({ ...locate(entry.problem.at), message: entry.problem.message });
    if (entry.key !== undefined && entry.value !== undefined) {
      values.set(entry.key, entry.value);
      places.set(entry.key, locate(skip(source, at, /\s*/y)));
    }
    at = entry.end;
  }
  return { values, places, problems };
}

/** The raw format: `KEY=VALUE` lines as `docker run --env-file` reads them, no quotes, no variables. */
export function parseRawEnvFile(text: string, outer: Lookup): EnvFileResult {
  const values = new Map<string, string>();
  const places = new Map<string, { line: number; column: number }>();
  const problems: EnvFileProblem[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const [at, line] of lines.entries()) {
    const entry = line.trimStart();
    if (entry === "" || entry.startsWith("#")) continue;
    const equals = entry.indexOf("=");
    const key = equals < 0 ? entry : entry.slice(0, equals);
    const place = { line: at + 1, column: line.length - entry.length + 1 };
    if (key === "") problems.push({ ...place, message: "A variable has no name" });
    const value = equals < 0 ? outer(key) : entry.slice(equals + 1);
    if (value === undefined) continue;
    values.set(key, value);
    places.set(key, place);
  }
  return { values, places, problems };
}

interface Entry {
  readonly key?: string;
  readonly value?: string | undefined;
  readonly end: number;
  readonly problem?: { readonly at: number; readonly message: string };
}

function readEntry(text: string, from: number, lookup: Lookup): Entry {
  const start = skip(text, from, /\s*(?:export[ \t]+(?=[\p{L}\p{N}_]))?/uy);
  const lineEnd = endOfLine(text, start);
  if (start >= text.length) return { end: text.length };
  if (text[start] === "#") return { end: lineEnd + 1 };
  keyPattern.lastIndex = start;
  const key = keyPattern.exec(text)?.[0];
  if (key === undefined) {
    return { end: lineEnd + 1, problem: { at: start, message: `Unexpected "${text[start]}" in a variable name` } };
  }
  const after = skip(text, start + key.length, /[ \t]*/y);
  if (after >= lineEnd || text[after] === "#") return { key, value: lookup(key), end: lineEnd + 1 };
  if (text[after] !== "=" && text[after] !== ":") {
    const message = `Unexpected "${text[after]}" after variable name ${key}`;
    return { end: lineEnd + 1, problem: { at: after, message } };
  }
  const valueAt = skip(text, after + 1, /[ \t]*/y);
  const quote = text[valueAt];
  if (quote === "'" || quote === '"') return readQuoted(text, key, valueAt, lookup);
  const raw = text.slice(valueAt, lineEnd).replace(/ #.*$/, "");
  return { ...expand(key, raw.trimEnd(), valueAt, lookup), end: lineEnd + 1 };
}

function readQuoted(text: string, key: string, open: number, lookup: Lookup): Entry {
  const quote = text[open];
  let close = open + 1;
  while (close < text.length && text[close] !== quote) close += text[close] === "\\" ? 2 : 1;
  if (close >= text.length) {
    const problem = { at: open, message: `The quote that opens the value of ${key} is not closed` };
    return { end: endOfLine(text, open) + 1, problem };
  }
  const inner = text.slice(open + 1, close);
  // What follows the quote on its line is no part of the value: a comment, or read as an entry of its own.
  const end = close + 1;
  if (quote === "'") return { key, value: inner.replaceAll("\\'", "'"), end };
  return { ...expand(key, unescapeText(inner), open, lookup), end };
}

/** `\$` stays a literal dollar through interpolation, where that is written `$$`. */
function unescapeText(text: string): string {
  return text.replace(/\\(0[0-7]{1,3}|[\s\S])/g, (whole, code: string) => {
    if (code === "$") return "$$";
    if (/^0[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    return escapes[code] ?? whole;
  });
}

function expand(key: string, raw: string, at: number, lookup: Lookup): Omit<Entry, "end"> {
  const result = interpolate(raw, lookup);
  if (result.kind === "ok") return { key, value: result.value };
  const message =
    result.kind === "missing"
      ? `Required variable ${result.variable} is missing a value${result.message ? `: ${result.message}` : ""}`
      : `Cannot read the variable in the value of ${key}`;
  return { problem: { at, message } };
}

function skip(text: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** Lines and columns of ascending offsets, each line counted once: a file may have a hundred thousand entries. */
function locator(text: string): (at: number) => { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  return (at) => {
    for (let end = text.indexOf("\n", lineStart); end >= 0 && end < at; end = text.indexOf("\n", lineStart)) {
      line += 1;
      lineStart = end + 1;
    }
    return { line, column: Math.max(1, at - lineStart + 1) };
  };
}
