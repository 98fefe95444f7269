/** `gantry completion`, and `gantry __complete`, which the shells' scripts ask. */
import type { CliContext, GlobalOptions } from "../context.js";
import { wholeProgram } from "../definitions.js";
import { withFinish } from "../with-finish.js";
import { lookUp } from "./look-up.js";
import { type Candidate, readLine } from "./read-line.js";
import { type Shell, shellScript } from "./shell-scripts.js";
import type { ValueKind } from "./value-kinds.js";

export function printScript({ stdout }: CliContext, shell: Shell): void {
  stdout.write(shellScript(shell));
}

/**
 * The first line is `:files`, `:dirs` or `:`; each further one a word that may stand at the end of the line, with its
 * description behind a tab. Nothing is printed on the other stream, and the exit code is 0.
 */
export async function complete(context: CliContext, line: readonly string[]): Promise<void> {
  const program = wholeProgram(context, context);
  const { words, values, before, partial, globals } = readLine(program, line);
  if (values?.kind === "files" || values?.kind === "dirs") return void context.stdout.write(`:${values.kind}\n`);
  const found = values ? await valuesOf(withGlobals(context, globals), values) : [];
  const candidates = [
    ...words,
    ...found.filter((value) => value.startsWith(partial)).map((value): Candidate => ({ value: `${before}${value}` })),
  ];
  context.stdout.write([":", ...candidates.map(lineOf), ""].join("\n"));
}

async function valuesOf(
  context: CliContext,
  values: Extract<ValueKind, { readonly kind: "names" | "words" }>,
): Promise<readonly string[]> {
  if (values.kind === "words") return values.words;
  return (await lookUp(context, values.of)).map((name) => `${name}${values.suffix ?? ""}`);
}

/** As if the flags that stand on the line had been given. */
function withGlobals(context: CliContext, globals: Readonly<Record<string, unknown>>): CliContext {
  return { ...withFinish(context, () => {}), globals: globals as GlobalOptions }; // the flags' own types, as written
}

function lineOf({ value, description }: Candidate): string {
  return description ? `${value}\t${description.replace(/\s+/g, " ")}` : value;
}
