/** Reads a project's files without replacing variables, for `config --no-interpolate` and `config --variables`. */
import type { Diagnostic } from "../../base/diagnostic.js";
import { type VariableInfo, variablesOf } from "../interpolate/variables-of.js";
import { resolveModelPaths } from "../merge/resolve-paths.js";
import { toPlain } from "../tree.js";
import { type LoadRequest, openProject, type Pass, readStdin, readWholeModel } from "./load-project.js";
import type { FileText } from "./read-text.js";
import { loadWithRemotes } from "./remote-files.js";

export interface RawResult {
  /** The merged model as plain values, paths absolute, short forms as written. Undefined after an error. */
  readonly model: Record<string, unknown> | undefined;
  /** Every variable that the files name, sorted. */
  readonly variables: readonly VariableInfo[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Never throws for what the user wrote. Values are not checked: most of them are known only with their variables. */
export async function loadRaw(request: LoadRequest): Promise<RawResult> {
  const input = await readStdin(request);
  const { value } = await loadWithRemotes(request.fetchRemote, (report, remotes) =>
    readRaw(request, input, { report, remotes }),
  );
  return value;
}

function readRaw(request: LoadRequest, input: FileText | undefined, pass: Pass): RawResult {
  const { report } = pass;
  const opened = openProject(request, input, pass);
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
