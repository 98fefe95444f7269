/** The forms that an instruction's arguments may have: flags, JSON lists, pairs, durations. Pure. */
import { GantryError } from "../base/errors.js";
import type { Command, Pair } from "./dockerfile.js";
import { rawWords } from "./heredocs.js";

/** `--name` or `--name=value`. `offset` is where it begins in the instruction's text. */
export interface Flag {
  readonly name: string;
  readonly value?: string;
  readonly offset: number;
}

/** The flags that an argument text begins with, and where the rest begins. `--` ends them. */
export function splitFlags(text: string, from: number): { flags: Flag[]; rest: number } {
  const flags: Flag[] = [];
  let at = from;
  for (;;) {
    at += (/^\s*/.exec(text.slice(at))?.[0] ?? "").length;
    if (!text.startsWith("--", at)) return { flags, rest: at };
    const word = flagWord(text.slice(at));
    if (word === "--") return { flags, rest: at + 2 };
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    flags.push({ name, offset: at, ...(equals < 0 ? {} : { value: unquote(word.slice(equals + 1)) }) });
    at += word.length;
  }
}

function flagWord(text: string): string {
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (quote === "" && /\s/.test(char)) return text.slice(0, at);
    if (quote === "" && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = "";
  }
  return text;
}

/** Quotes of a flag's value hold it together and are no part of it. */
function unquote(value: string): string {
  return value.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? "");
}

/** The JSON list of strings that a text is; undefined when it is none. Throws for a list of something else. */
export function jsonWords(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  if (parsed.every((word): word is string => typeof word === "string")) return parsed;
  throw new GantryError("bad-parameter", "when using JSON array syntax, arrays must be comprised of strings only");
}

/** JSON is the exec form; anything else is for the shell. */
export function commandOf(text: string): Command {
  const words = jsonWords(text);
  return words ? { form: "exec", words } : { form: "shell", text };
}

/** A list as JSON, or words between white space. */
export function listOf(text: string): string[] {
  return jsonWords(text) ?? text.split(/\s+/).filter((word) => word !== "");
}

/** `key=value …`, or the old form `key value`. Throws "bad-parameter". */
export function pairsOf(instruction: string, text: string, escapeToken: string): Pair[] {
  const words = rawWords(text, escapeToken);
  const [first = ""] = words;
  if (!first.includes("=")) {
    const value = text.slice(first.length).trim();
    if (value === "") throw bad(`${instruction} must have two arguments`);
    return [{ key: first, value }];
  }
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at < 0) {
      throw bad(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    }
    if (at === 0) throw bad(`${instruction} names can not be blank`);
    return { key: word.slice(0, at), value: word.slice(at + 1) };
  });
}

const unitNanos: Readonly<Record<string, number>> = {
  ...{ ns: 1, us: 1e3, µs: 1e3, ms: 1e6 },
  ...{ s: 1e9, m: 60e9, h: 3600e9 },
};

/** A duration as Go writes it: `1m30s`, `1.5h`, `0`. Throws "bad-parameter". */
export function durationNanos(text: string): number {
  if (/^[+-]?0$/.test(text)) return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw bad(`time: invalid duration ${JSON.stringify(text)}`);
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (unitNanos[unit ?? ""] ?? 0), 0);
}

/** `true` for a flag without value. Throws "bad-parameter". */
export function booleanOf({ name, value }: Flag): boolean {
  if (value === undefined || value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw bad(`expecting boolean value for flag ${name}, not: ${value}`);
}

function bad(message: string): GantryError {
  return new GantryError("bad-parameter", message);
}
