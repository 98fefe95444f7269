/**
 * Diagnostics for programs: our own JSON, SARIF for code scanning, workflow commands for GitHub.
 *
 * Pure. Each answers a whole text that ends in a newline, or an empty one where the format has nothing to say. Paths
 * below `cwd` are relative to it, with forward slashes.
 *
 * @see SARIF 2.1.0, OASIS standard; GitHub Actions, "Workflow commands"; schemas/diagnostics.schema.json
 */
import { relative } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.js";
import { diagnosticTitles, docsPathOf } from "./titles.js";

export const diagnosticFormats = ["text", "json", "sarif", "github"] as const;
export type DiagnosticFormat = (typeof diagnosticFormats)[number];

export interface FormatOptions {
  readonly cwd: string;
  /** Of Gantry itself. */
  readonly version: string;
}

/** One object with `version` 1: the counts, and every problem as `Diagnostic` has it, with `docs`. */
export function diagnosticsToJson(diagnostics: readonly Diagnostic[], { cwd }: FormatOptions): string {
  const shown = diagnostics.map((one) => ({
    ...one,
    ...(one.source ? { source: { ...one.source, file: shownPath(one.source.file, cwd) } } : {}),
    docs: docsPathOf(one.code),
  }));
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const verdict = { version: 1, valid: errors === 0, errors, warnings: diagnostics.length - errors };
  return `${JSON.stringify({ ...verdict, diagnostics: shown }, null, 2)}\n`;
}

/** A log of one run; its rules are the codes that occur. */
export function diagnosticsToSarif(diagnostics: readonly Diagnostic[], { cwd, version }: FormatOptions): string {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const rules = codes.map((code) => ({
    id: code,
    shortDescription: { text: titleOf(code) },
    help: { text: `See ${docsPathOf(code)}` },
  }));
  const results = diagnostics.map((one) => ({
    ruleId: one.code,
    ruleIndex: codes.indexOf(one.code),
    level: one.severity,
    message: { text: wholeMessage(one) },
    ...(one.source ? { locations: [sarifLocation(one, cwd)] } : {}),
  }));
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "Gantry", version, rules } }, columnKind: "utf16CodeUnits", results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function sarifLocation({ source, path }: Diagnostic, cwd: string) {
  const { file, line, column } = source ?? { file: "", line: 1, column: 1 };
  const name = shownPath(file, cwd);
  const uri = name.startsWith("/") ? `file://${encodePath(name)}` : encodePath(name);
  return {
    physicalLocation: { artifactLocation: { uri }, region: { startLine: line, startColumn: column } },
    ...(path ? { logicalLocations: [{ fullyQualifiedName: path }] } : {}),
  };
}

/** One command per problem; a runner shows it beside its line. */
export function diagnosticsToGithub(diagnostics: readonly Diagnostic[], { cwd }: FormatOptions): string {
  return diagnostics
    .map((one) => {
      const { source, severity, code } = one;
      const place = source
        ? [`file=${property(shownPath(source.file, cwd))}`, `line=${source.line}`, `col=${source.column}`]
        : [];
      return `::${severity} ${[...place, `title=${property(code)}`].join(",")}::${data(wholeMessage(one))}\n`;
    })
    .join("");
}

/** Message, what was expected and what to do, each on its line. */
function wholeMessage({ message, expected, hint }: Diagnostic): string {
  return [message, ...(expected ? [`Expected: ${expected}`] : []), ...(hint ? [hint] : [])].join("\n");
}

/** A workflow command ends with its line, and `%` introduces what stands for its end. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** In a property, `,` and `:` would end it. */
function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function titleOf(code: string): string {
  return Object.entries(diagnosticTitles).find(([known]) => known === code)?.[1] ?? code;
}

function shownPath(file: string, cwd: string): string {
  if (file === "-") return "(stdin)";
  const name = relative(cwd, file);
  return name.startsWith("../../") || name === "" ? file : name;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
