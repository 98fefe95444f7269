/**
 * Diagnostics for programs: our own JSON, SARIF for code scanning, workflow commands for GitHub.
 *
 * Pure. Each answers a whole text that ends in a newline, or an empty one where the format has nothing to say. Paths
 * below `cwd` are relative to it, with forward slashes.
 *
 * @see SARIF 2.1.0, OASIS standard; GitHub Actions, "Workflow commands"; schemas/diagnostics.json
 */
import { dirname, relative } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.js";
import { workflowCommand } from "../../base/workflow-command.js";
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

/** What relative addresses of a log are relative to, as scanners of repositories call it. */
const rootId = "%SRCROOT%";

/**
 * A log of one run; its rules are the codes that occur. Files below the project are relative to `%SRCROOT%`, which is
 * `cwd`, or the folder above it where the Compose file was found.
 */
export function diagnosticsToSarif(diagnostics: readonly Diagnostic[], { cwd, version }: FormatOptions): string {
  const root = rootOf(diagnostics, cwd);
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
    ...(one.source ? { locations: [sarifLocation(one, root)] } : {}),
  }));
  const driver = { name: "Gantry", semanticVersion: version, version, rules };
  const originalUriBaseIds = { [rootId]: { uri: `file://${encodePath(root.replace(/\/*$/, "/"))}` } };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", originalUriBaseIds, results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** Files are looked for in the folders above, too: the highest one that holds a file of a problem is the root. */
function rootOf(diagnostics: readonly Diagnostic[], cwd: string): string {
  const above = diagnostics.flatMap(({ source }) => {
    const folder = source && source.file !== "-" ? dirname(source.file) : cwd;
    return cwd.startsWith(folder.replace(/\/*$/, "/")) ? [folder] : [];
  });
  return above.sort((a, b) => a.length - b.length)[0] ?? cwd;
}

function sarifLocation({ source, path }: Diagnostic, root: string) {
  const { file, line, column } = source ?? { file: "", line: 1, column: 1 };
  const name = relative(root, file);
  const isBelow = name !== "" && !/^\.\.(\/|$)/.test(name);
  const artifactLocation =
    file === "-"
      ? { uri: "stdin", description: { text: "Standard input" } }
      : isBelow
        ? { uri: encodePath(name), uriBaseId: rootId }
        : { uri: `file://${encodePath(file)}` };
  return {
    physicalLocation: { artifactLocation, region: { startLine: line, startColumn: column } },
    ...(path ? { logicalLocations: [{ fullyQualifiedName: path }] } : {}),
  };
}

/** One command per problem; a runner shows it beside its line. */
export function diagnosticsToGithub(diagnostics: readonly Diagnostic[], { cwd }: FormatOptions): string {
  return diagnostics
    .map((one) => {
      const { source, severity, code } = one;
      const place = source && { ...source, file: shownPath(source.file, cwd) };
      return workflowCommand({ level: severity, title: code, message: wholeMessage(one), place });
    })
    .join("");
}

/** Message, what was expected and what to do, each on its line. */
function wholeMessage({ message, expected, hint }: Diagnostic): string {
  return [message, ...(expected ? [`Expected: ${expected}`] : []), ...(hint ? [hint] : [])].join("\n");
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
