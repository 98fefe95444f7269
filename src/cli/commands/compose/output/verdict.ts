/** Says what is wrong with the files: for people on standard error, for programs on standard output or in a file. */
import { readFileSync } from "node:fs";
import type { Diagnostic } from "../../../../base/diagnostic.js";
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";
import { knownStdinText } from "./stdin-text.js";
import { wantsColor } from "./terminal.js";

/** The problems with the lines around them; nothing when there are none. */
export async function printProblems(context: CliContext, diagnostics: readonly Diagnostic[]): Promise<void> {
  if (diagnostics.length === 0) return;
  const { renderDiagnostics } = await import("../../../../compose/render-diagnostics.js");
  const options = { color: wantsColor(context, context.stderr), cwd: context.cwd };
  const read = (file: string) => (file === "-" ? knownStdinText(context.stdin) : readText(file));
  context.stderr.write(renderDiagnostics(diagnostics, read, options));
}

/** In one of `diagnosticFormats`; to `output`, relative to the current folder, when it is given. */
export async function printVerdict(
  context: CliContext,
  diagnostics: readonly Diagnostic[],
  { format, output }: { format: string; output?: string | undefined },
): Promise<void> {
  const formats = await import("../../../../compose/diagnostics/formats.js");
  const options = { cwd: context.cwd, version: context.version };
  const print = {
    json: formats.diagnosticsToJson,
    sarif: formats.diagnosticsToSarif,
    github: formats.diagnosticsToGithub,
  };
  if (format === "text") return printProblems(context, diagnostics);
  if (!Object.hasOwn(print, format)) {
    const known = formats.diagnosticFormats.join(", ");
    throw new GantryError("bad-usage", `--format: ${format} is not known; with -q use one of ${known}`);
  }
  const text = print[format as keyof typeof print](diagnostics, options); // hasOwn has just said so
  if (output === undefined) return void context.stdout.write(text);
  const { writeFile } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  await writeFile(resolve(context.cwd, output), text);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
