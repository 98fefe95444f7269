/** What `gantry config` can tell of the files themselves: their variables, their text merged, where a value is from. */
import { relative } from "node:path";
import { GantryError } from "../../../../base/errors.js";
import type { VariableInfo } from "../../../../compose/interpolate/variables-of.js";
import type { Project } from "../../../../compose/project.js";
import type { CliContext } from "../../../context.js";
import { requestOf } from "../load.js";
import { printProblems } from "../output/verdict.js";
import type { ConfigFlags } from "./config.js";

/** The merged model with its variables as written, or the list of them; undefined after problems, which are printed. */
export async function rawText(context: CliContext, flags: ConfigFlags): Promise<string | undefined> {
  const { loadRaw } = await import("../../../../compose/load/load-raw.js");
  const paths = flags.pathResolution === false;
  const { model, variables, diagnostics } = await loadRaw({ ...requestOf(context), leaveOut: { paths } });
  await printProblems(context, diagnostics);
  if (!model) {
    context.finish(1);
    return undefined;
  }
  if (flags.variables) return flags.format === "json" ? variablesJson(variables) : variablesTable(variables);
  if (flags.format === "json") return `${JSON.stringify(model, null, 2)}\n`;
  const { printYaml } = await import("../../../../compose/load/print-yaml.js");
  return printYaml(model);
}

/** Where the value at `path` was written, and with which variables. Throws "bad-parameter" when no file wrote it. */
export async function explanationText(
  context: CliContext,
  project: Project,
  { explain: path = "", format }: ConfigFlags,
): Promise<string> {
  const { explain } = await import("../../../../compose/explain/explain.js");
  const { explanationToJson, printExplanation } = await import("../../../../compose/explain/print-explanation.js");
  const found = explain(project, path);
  const showFile = (file: string) => (file === "-" ? "(stdin)" : relative(context.cwd, file) || file);
  if (!found) throw new GantryError("bad-parameter", `--explain: no file sets ${path}`);
  if (format === "json") return `${JSON.stringify(explanationToJson(found, showFile), null, 2)}\n`;
  return printExplanation(found, showFile)
    .map((line) => `${line}\n`)
    .join("");
}

function variablesJson(variables: readonly VariableInfo[]): string {
  const entries = variables.map(({ name, required, defaultValue, alternateValue }) => [
    name,
    { Name: name, DefaultValue: defaultValue, PresenceValue: alternateValue, Required: required },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 4)}\n`;
}

function variablesTable(variables: readonly VariableInfo[]): string {
  const rows = variables.map((one) => [one.name, String(one.required), one.defaultValue, one.alternateValue]);
  const all = [["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)) + 4);
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("");
  return all.map((row) => `${line(row).trimEnd()}\n`).join("");
}
