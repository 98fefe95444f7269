/** Makes `.env` of an example and of what was generated and answered, or completes one that is there. Pure. */
import { parseEnvFile } from "../../compose/interpolate/env-file.js";
import type { ExampleVariable } from "./read-example.js";

/** What `.env` lacks. */
export interface MissingVariables {
  /** Of the example, with nothing known of them yet. */
  readonly variables: readonly ExampleVariable[];
  /** The environment has them; `.env` is not to keep them. */
  readonly given: readonly ExampleVariable[];
}

/** `current` is the text of `.env`, undefined when there is none. What stands in it is never touched. */
export function missingVariables(
  example: readonly ExampleVariable[],
  current: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): MissingVariables {
  const there = current === undefined ? new Map() : parseEnvFile(current, () => "").values;
  const missing = example.filter(({ name }) => !there.has(name));
  const isGiven = ({ name, wish }: ExampleVariable) => wish.kind !== "keep" && Boolean(environment[name]);
  return { variables: missing.filter((one) => !isGiven(one)), given: missing.filter(isGiven) };
}

/** The whole text of `.env`. `values` are those of the missing variables, by name. */
export function completeEnv(
  { example, current }: { readonly example: string; readonly current: string | undefined },
  { variables, given }: MissingVariables,
  values: ReadonlyMap<string, string>,
): string {
  if (current !== undefined) {
    const lines = variables.map(({ name }) => assignment(name, values.get(name) ?? ""));
    const gap = current === "" || current.endsWith("\n") ? "" : "\n";
    return lines.length > 0 ? `${current}${gap}${lines.join("\n")}\n` : current;
  }
  const lines = example.replaceAll("\r\n", "\n").split("\n");
  const replaced = new Map<number, string>();
  for (const { name, line, wish } of variables) {
    if (wish.kind !== "keep" || wish.value === "") replaced.set(line, assignment(name, values.get(name) ?? ""));
  }
  for (const { name, line } of given) replaced.set(line, `# ${name} came from the environment`);
  const written: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const text = replaced.get(at);
    written.push(text ?? lines[at] ?? "");
    if (text !== undefined) at = lastLineOf(lines, at);
  }
  return written.join("\n");
}

/** A value in quotes may go over several lines. */
function lastLineOf(lines: readonly string[], first: number): number {
  const quote = /^[^=:#]*[=:]\s*(["'])/.exec(lines[first] ?? "");
  const mark = quote?.[1];
  if (!quote || mark === undefined) return first;
  const isClosed = mark === '"' ? /^(?:[^"\\]|\\.)*"/ : /^[^']*'/;
  for (let at = first; at < lines.length; at += 1) {
    if (isClosed.test(at === first ? (lines[at] ?? "").slice(quote[0].length) : (lines[at] ?? ""))) return at;
  }
  return first; // never closed: then it is no such value
}

function assignment(name: string, value: string): string {
  if (/^[\w@%+=:,./-]*$/.test(value)) return `${name}=${value}`;
  if (!/['\n\\]/.test(value)) return `${name}='${value}'`;
  const escaped = value.replace(/[\\"$]/g, "\\$&").replaceAll("\n", "\\n");
  return `${name}="${escaped}"`;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A secret of letters and digits, which needs no quoting anywhere. `random` answers that many random bytes. */
export function makeSecret(length: number, random: (bytes: number) => Uint8Array): string {
  let secret = "";
  while (secret.length < length) {
    // Bytes past the last whole alphabet would make its first characters likelier.
    for (const byte of random(length)) {
      if (byte < 256 - (256 % alphabet.length)) secret += alphabet[byte % alphabet.length];
    }
  }
  return secret.slice(0, length);
}
