/** Reads a project's files without replacing variables, for `config --no-interpolate` and `config --variables`. */
import type { Diagnostic } from "../../base/diagnostic.js";
import { type VariableInfo, variablesOf } from "../interpolate/variables-of.js";
import { resolveModelPaths } from "../merge/resolve-paths.js";
import { Report } from "../report.js";
import { toPlain } from "../tree.js";
import { type LoadRequest, openProject, readStdin, readWholeModel } from "./load-project.js";

export interface RawResult {
  /** The merged model as plain values, paths absolute, short forms as written. Undefined after an error. */
  readonly model: Record<string, unknown> | undefined;
  /** Every variable that the files name, sorted. */
  readonly variables: readonly VariableInfo[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Never throws for what the user wrote. Values are not checked: most of them are known only with their variables. */
export async function loadRaw(request: LoadRequest): Promise<RawResult> {
  const report = new Report();
  const input = await readStdin(request);
  const opened = openProject(request, input, report);
  if (!opened) return { model: undefined, variables: [], diagnostics: report.sorted() };
  const { context, name, directory } = opened;
  const raw = { ...opened, context: { ...context, variables: { ...context.variables, keepsText: true } } };
  const tree = readWholeModel(raw, report);
  const variables = variablesOf([...context.parsed.values()].flat());
  const diagnostics = report.sorted();
  if (!tree || report.hasErrors) return { model: undefined, variables, diagnostics };
  const placed = request.leaveOut?.paths ? tree : resolveModelPaths(tree, directory);
  const model = { ...(toPlain(placed) as Record<string, unknown>), name }; // a model is a mapping: others were reported
  return { model, variables, diagnostics };
}
