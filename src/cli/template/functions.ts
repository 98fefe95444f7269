/**
 * The functions of templates: Go's own, and those that the docker CLI adds. Pure.
 *
 * @see Go, package text/template, "Functions"; Docker, "Format command and log output"
 */
import { goString, goType, sortedEntries, sprint, sprintf, sprintln } from "./go-print.js";

/** Throws an Error whose message says what is wrong with the arguments; the place is added by the caller. */
export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** By name. `and` and `or` are not here: they leave out what they need not know. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  not: (value) => !isTrue(value),
  len: length,
  index,
  slice,
  print: (...values) => sprint(values),
  println: (...values) => sprintln(values),
  printf: (format, ...values) => sprintf(text(format, "printf"), values),
  html: (...values) => sprint(values).replace(/[&<>"']/g, (char) => htmlNames[char] ?? char),
  js: (...values) => JSON.stringify(sprint(values)).slice(1, -1).replace(/'/g, "\\'"),
  urlquery: (...values) => encodeURIComponent(sprint(values)).replace(/%20/g, "+"),
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error("eq wants two values or more");
    return others.some((other) => equal(first, other));
  },
  ne: (first, second) => !equal(first, second),
  lt: (first, second) => compare(first, second) < 0,
  le: (first, second) => compare(first, second) <= 0,
  gt: (first, second) => compare(first, second) > 0,
  ge: (first, second) => compare(first, second) >= 0,
  json: toJson,
  split: (value, separator) => text(value, "split").split(text(separator, "split")),
  join: (values, separator) => list(values, "join").map(goString).join(text(separator, "join")),
  title: (value) =>
    text(value, "title").replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, gap, letter) => gap + letter.toUpperCase()),
  lower: (value) => text(value, "lower").toLowerCase(),
  upper: (value) => text(value, "upper").toUpperCase(),
  pad: (value, before, after) => {
    const inner = text(value, "pad");
    return inner === "" ? "" : " ".repeat(whole(before, "pad")) + inner + " ".repeat(whole(after, "pad"));
  },
  truncate: (value, size) => [...text(value, "truncate")].slice(0, Math.max(0, whole(size, "truncate"))).join(""),
};

const htmlNames: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" },
};

/** What the functions give when the header of a table is made: the title as it is. */
export const headerFunctions: Readonly<Record<string, TemplateFunction>> = Object.fromEntries(
  ["json", "split", "join", "title", "lower", "upper", "pad", "truncate"].map((name) => [name, (value) => value]),
);

/** What `if` takes for true: neither nothing, nor zero, nor empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
}

/** As Go's encoder: the members of a map in the order of their names; methods left out. */
export function toJson(value: unknown): string {
  return (
    JSON.stringify(value ?? null, (_key, member: unknown) =>
      member instanceof Map ? Object.fromEntries(sortedEntries(member)) : member,
    ) ?? "null"
  );
}

function length(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  throw new Error(`len of ${goType(value)} is not known`);
}

/** The zero value for a name that a map does not have, as of Go's map of the same values. */
function index(value: unknown, ...keys: readonly unknown[]): unknown {
  return keys.reduce((inner, key) => {
    if (inner instanceof Map) return inner.has(key) ? inner.get(key) : zeroOf(inner);
    if (Array.isArray(inner) || typeof inner === "string") {
      const at = whole(key, "index");
      if (at < 0 || at >= inner.length) throw new Error(`index ${at} is out of range: there are ${inner.length}`);
      return typeof inner === "string" ? inner.charCodeAt(at) : (inner[at] as unknown);
    }
    if (inner === null || inner === undefined) throw new Error("index of nothing");
    throw new Error(`index of ${goType(inner)} is not known`);
  }, value);
}

function zeroOf(map: ReadonlyMap<unknown, unknown>): unknown {
  for (const value of map.values()) return typeof value === "string" ? "" : Array.isArray(value) ? [] : null;
  return "";
}

function slice(value: unknown, ...bounds: readonly unknown[]): unknown {
  const [from = 0, to] = bounds.map((bound) => whole(bound, "slice"));
  const check = (size: number) => {
    const end = to ?? size;
    if (from < 0 || end > size || from > end)
      throw new Error(`slice ${from}:${end} is out of range: there are ${size}`);
    return end;
  };
  if (Array.isArray(value)) return value.slice(from, check(value.length));
  if (typeof value !== "string") throw new Error(`slice of ${goType(value)} is not known`);
  const bytes = Buffer.from(value);
  return bytes.subarray(from, check(bytes.length)).toString();
}

function equal(first: unknown, second: unknown): boolean {
  const [a, b] = [first ?? null, second ?? null];
  if (a !== null && b !== null && typeof a !== typeof b) throw incompatible(a, b);
  return a === b;
}

function compare(first: unknown, second: unknown): number {
  if (typeof first === "number" && typeof second === "number") return first - second;
  if (typeof first !== "string" || typeof second !== "string") throw incompatible(first, second);
  return first < second ? -1 : first > second ? 1 : 0;
}

function incompatible(first: unknown, second: unknown): Error {
  return new Error(`${goType(first)} and ${goType(second)} cannot be compared`);
}

function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new Error(`${name} wants a text, not ${goType(value)}`);
}

function list(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw new Error(`${name} wants a list, not ${goType(value)}`);
}

function whole(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new Error(`${name} wants a whole number, not ${goType(value)}`);
}
