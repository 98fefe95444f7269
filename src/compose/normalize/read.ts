/**
 * Reads typed values from tree nodes.
 *
 * Pure. A node of the wrong kind reads as undefined without a word, because the schema has reported it; only what a
 * text must look like is reported here.
 */
import { isAbsolute, resolve } from "node:path";
import { child, isNull, itemsOf, membersOf, type Tree } from "../tree.js";
import { describe } from "../validate/check-schema.js";
import type { Context } from "./context.js";
import { parseBytes, parseDuration } from "./units.js";

/** The text of a scalar; numbers too big for JavaScript keep their spelling. */
export function readText(node: Tree | undefined): string | undefined {
  if (node?.kind !== "scalar" || node.value === null) return undefined;
  return typeof node.value === "number" && !Number.isSafeInteger(node.value) && /^[-+]?\d+$/.test(node.text)
    ? node.text
    : String(node.value);
}

/** One text or a list of them; empty when absent. */
export function readTexts(node: Tree | undefined): string[] {
  const texts = node?.kind === "scalar" ? [readText(node)] : itemsOf(node).map(readText);
  return texts.filter((text) => text !== undefined);
}

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  y: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  n: false,
  off: false,
  "0": false,
};

export function readFlag(node: Tree | undefined, { report }: Context): boolean | undefined {
  const text = readText(node)?.toLowerCase();
  if (!node || text === undefined || text === "") return undefined;
  const value = truths[text];
  if (value === undefined) wrong(node, "wrong-type", "true or false");
  return value;

  function wrong(at: Tree, code: "wrong-type", expected: string): void {
    report.error(at, code, `${at.path} must be ${expected}, not ${describe(at)}`, { expected });
  }
}

/** A whole number, also when written as a string. `min` and `max` are inclusive. */
export function readInteger(
  node: Tree | undefined,
  { report }: Context,
  { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = {},
): number | undefined {
  const text = readText(node);
  if (!node || text === undefined || text === "") return undefined;
  const value = Number(text);
  if (/^[-+]?\d+$/.test(text) && value >= min && value <= max) return value;
  const expected =
    max < Number.MAX_SAFE_INTEGER ? `a whole number from ${min} to ${max}` : min === 0 ? "0 or more" : "a whole number";
  report.error(node, "wrong-type", `${node.path} must be ${expected}, not ${describe(node)}`, { expected });
  return undefined;
}

/** A number of zero or more, fractions allowed. */
export function readDecimal(node: Tree | undefined, { report }: Context): number | undefined {
  const text = readText(node);
  if (!node || text === undefined || text === "") return undefined;
  if (/^\+?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text);
  const expected = "a number of 0 or more, such as 0.5";
  report.error(node, "wrong-type", `${node.path} must be ${expected}, not ${describe(node)}`, { expected });
  return undefined;
}

/** Nanoseconds. */
export function readDuration(node: Tree | undefined, { report }: Context): number | undefined {
  const text = readText(node);
  if (!node || text === undefined || text === "") return undefined;
  const value = parseDuration(text);
  if (value !== undefined && value >= 0 && node.kind === "scalar" && typeof node.value === "string") return value;
  report.error(node, "bad-duration", `${node.path} is not a duration: ${describe(node)}`, {
    expected: "a duration such as 500ms, 30s or 1m30s",
    hint: /^\d+(\.\d+)?$/.test(text) ? `Add a unit: "${text}s"` : undefined,
  });
  return undefined;
}

/** Bytes. Negative sizes only where the caller allows "-1: unlimited". */
export function readBytes(node: Tree | undefined, { report }: Context, unlimited = false): number | undefined {
  const text = readText(node);
  if (!node || text === undefined || text === "") return undefined;
  const value = parseBytes(text);
  if (value !== undefined && (value >= 0 || (unlimited && value === -1))) return value;
  report.error(node, "bad-size", `${node.path} is not a size: ${describe(node)}`, {
    expected: `bytes with an optional unit, such as 512m or 1g${unlimited ? ", or -1 for unlimited" : ""}`,
  });
  return undefined;
}

/** Permission bits: a string is octal, an unquoted number is taken as YAML read it (`0440` as octal). */
export function readMode(node: Tree | undefined, { report }: Context): number | undefined {
  if (node?.kind !== "scalar" || node.value === null) return undefined;
  const value =
    typeof node.value === "number"
      ? node.value
      : /^(0o)?[0-7]{1,5}$/.test(String(node.value))
        ? Number.parseInt(String(node.value).replace("0o", ""), 8)
        : Number.NaN;
  if (Number.isInteger(value) && value >= 0 && value <= 0o7777) return value;
  const expected = "octal permission bits such as 0440";
  report.error(node, "bad-value", `${node.path} is not a file mode: ${describe(node)}`, { expected });
  return undefined;
}

/** An absolute path; `~` is the home directory of the environment. */
type PathContext = Pick<Context, "workingDir" | "environment" | "keepsPaths">;

export function readPath(node: Tree | undefined, context: PathContext) {
  const text = readText(node);
  return text === undefined || text === "" ? undefined : absolutePath(text, context);
}

export function absolutePath(text: string, { workingDir, environment, keepsPaths }: PathContext) {
  if (keepsPaths) return text;
  if (text === "~" || text.startsWith("~/")) return resolve(environment.HOME ?? "/", `.${text.slice(1)}`);
  return isAbsolute(text) ? resolve(text) : resolve(workingDir, text);
}

export interface Pair {
  readonly key: string;
  /** Null for a bare key. */
  readonly value: string | null;
  readonly node: Tree;
}

/** A mapping, or a list of `KEY=VALUE`; the last of a key wins, sorted by key. */
export function readPairs(node: Tree | undefined): Pair[] {
  const pairs = new Map<string, Pair>();
  for (const [key, value] of membersOf(node)) {
    pairs.set(key, { key, value: isNull(value) ? null : (readText(value) ?? null), node: value });
  }
  for (const item of itemsOf(node)) {
    const text = readText(item) ?? "";
    const equals = text.indexOf("=");
    const key = equals < 0 ? text : text.slice(0, equals);
    // `=x` has a name as well, if an empty one; nothing at all has none.
    if (text !== "") pairs.set(key, { key, value: equals < 0 ? null : text.slice(equals + 1), node: item });
  }
  return [...pairs.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** As `readPairs`, a bare key having the empty text. */
export function readTextMap(node: Tree | undefined): Record<string, string> {
  return Object.fromEntries(readPairs(node).map(({ key, value }) => [key, value ?? ""]));
}

/** The text members of a map under the names given, absent ones left out. */
export function readMembers<K extends string>(node: Tree | undefined, keys: readonly K[]): { [P in K]?: string } {
  const found: { [P in K]?: string } = {};
  for (const key of keys) {
    const text = readText(child(node, key));
    if (text !== undefined) found[key] = text;
  }
  return found;
}

/** The record without its undefined members: absence is absence, also for whoever prints or compares it. */
export function compact<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T; // see docstring
}
