/**
 * What becomes of each variable of an `.env.example`: taken as it stands, generated, or asked for.
 *
 * Pure. A comment on the line or right above it decides first: `# gantry: secret [LENGTH]`, `# gantry: ask`,
 * `# gantry: optional`. Else the value does, and last the name.
 */
import { parseEnvFile } from "../../compose/interpolate/env-file.js";

/** A variable of the example. `line` counts from 0; `about` is the comment above it, for whoever is asked. */
export interface ExampleVariable {
  readonly name: string;
  readonly line: number;
  readonly about: string;
  readonly wish:
    | { readonly kind: "keep"; readonly value: string }
    | { readonly kind: "generate"; readonly length: number }
    /** `suggestion` is what an empty answer stands for; without it there must be an answer. */
    | { readonly kind: "ask"; readonly suggestion?: string };
}

const secretChars = { least: 8, usual: 32, most: 128 };
const markPattern = /#\s*gantry:\s*(secret|ask|optional)(?:\s+(\d+))?\s*$/i;
/** What people write where a value of one's own must go. */
const placeholder = /^(change[-_ ]?me!*|replace[-_ ]?me|to[-_ ]?do|x{3,}|\.{3}|<.*>|your[-_ ].*)$/i;
/** Nobody outside knows the value, so any will do: passwords of our own services and keys of our own programs. */
const ownSecrets = [
  /PASSWORD|PASSWD|_SALT$/i,
  /(?<!CLIENT_|API_)SECRET(?!_ACCESS|_ID)/i,
  /^(APP|ENCRYPTION|SIGNING|SESSION|COOKIE|JWT|MASTER)_KEY$/i,
];

/** In the order of the file. */
export function readExample(text: string): ExampleVariable[] {
  const { values, places } = parseEnvFile(text, () => undefined);
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  return [...values].flatMap(([name, value]) => {
    const place = places.get(name);
    if (!place) return [];
    const line = place.line - 1;
    const comments = commentsAbove(lines, line);
    const mark = [lines[line] ?? "", ...comments].map((one) => markPattern.exec(one)).find((found) => found !== null);
    const about = comments
      .filter((one) => !markPattern.test(one))
      .map((one) => one.replace(/^\s*#\s?/, "").trim())
      .join(" ")
      .trim();
    // Behind nothing but `=` a comment is a value to the grammar of such files.
    return [{ name, line, about, wish: wishOf(name, markPattern.test(value) ? "" : value, mark) }];
  });
}

function wishOf(name: string, value: string, mark: RegExpExecArray | undefined): ExampleVariable["wish"] {
  const isOpen = value === "" || placeholder.test(value);
  switch (mark?.[1]?.toLowerCase()) {
    case "secret": {
      const asked = Number(mark?.[2] ?? secretChars.usual);
      return { kind: "generate", length: Math.min(secretChars.most, Math.max(secretChars.least, asked)) };
    }
    case "ask":
      return isOpen ? { kind: "ask" } : { kind: "ask", suggestion: value };
    case "optional":
      return { kind: "keep", value: isOpen ? "" : value };
  }
  if (!isOpen) return { kind: "keep", value };
  return ownSecrets.some((pattern) => pattern.test(name))
    ? { kind: "generate", length: secretChars.usual }
    : { kind: "ask" };
}

/** The comment lines right above, in their order. */
function commentsAbove(lines: readonly string[], line: number): string[] {
  let first = line;
  while (first > 0 && /^\s*#/.test(lines[first - 1] ?? "")) first--;
  return lines.slice(first, line);
}
