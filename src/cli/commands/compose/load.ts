/** Finds out which project a command is about: from its files, or by its name alone. */
import { readFileSync } from "node:fs";
import { GantryError } from "../../../base/errors.js";
import type { LoadRequest, LoadResult } from "../../../compose/load/load-project.js";
import type { Project } from "../../../compose/project.js";
import type { CliContext } from "../../context.js";
import { wantsColor } from "./output/terminal.js";

/** A project by name, with its files where there are any. */
export interface ProjectOrName {
  readonly name: string;
  readonly project?: Project;
}

/**
 * The project of the command line's files, problems printed. Undefined when there were errors: the exit code is set.
 * A named service that no profile selects is switched on, as are those it depends on.
 */
export async function loadModel(context: CliContext, services: readonly string[] = []): Promise<Project | undefined> {
  const result = await load(context, {});
  const isDisabled = services.some((name) => result.project?.disabledServices.includes(name));
  if (!isDisabled) return report(context, result);
  const narrowed = await load(context, { services });
  return report(context, { ...narrowed, project: narrowed.project && withOthers(narrowed.project, result.project) });
}

/** By files when `-f` is given or `-p` is not; without any file, by `COMPOSE_PROJECT_NAME`. */
export async function loadProjectOrName(context: CliContext): Promise<ProjectOrName | undefined> {
  const { file = [], projectName } = context.globals;
  if (file.length === 0 && projectName !== undefined) return { name: projectName.toLowerCase() };
  const result = await load(context, {});
  const isMissing = result.diagnostics.some((diagnostic) => diagnostic.code === "compose-file-not-found");
  const name = context.env.COMPOSE_PROJECT_NAME;
  if (isMissing && file.length === 0 && name) return { name: name.toLowerCase() };
  const project = await report(context, result);
  return project && { name: project.name, project };
}

/** One load of the files the command line names. */
async function load(context: CliContext, more: Partial<LoadRequest>): Promise<LoadResult> {
  const { loadProject } = await import("../../../compose/load/load-project.js");
  const { file = [], envFile = [], profile = [], projectDirectory, projectName } = context.globals;
  const env = Object.fromEntries(
    Object.entries(context.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
  return loadProject({
    cwd: context.cwd,
    files: file,
    envFiles: envFile,
    profiles: profile,
    projectDirectory,
    projectName,
    env,
    readStdin: () => readAll(context.stdin),
    ...more,
  });
}

async function report(context: CliContext, { project, diagnostics }: LoadResult): Promise<Project | undefined> {
  if (diagnostics.length > 0) {
    const { renderDiagnostics } = await import("../../../compose/render-diagnostics.js");
    const options = { color: wantsColor(context, context.stderr), cwd: context.cwd };
    context.stderr.write(renderDiagnostics(diagnostics, readText, options));
  }
  if (!project) context.finish(1);
  return project;
}

/** What the narrowing left out is still part of the project: no orphans. */
function withOthers(narrowed: Project, whole: Project | undefined): Project {
  const all = [...(whole?.services.keys() ?? []), ...(whole?.disabledServices ?? [])];
  return { ...narrowed, disabledServices: all.filter((name) => !narrowed.services.has(name)).sort() };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

/** Throws "bad-parameter" when a word is not a whole number of at least `least`. */
export function wholeNumber(text: string, what: string, least = 0): number {
  const value = Number(text);
  if (/^-?\d{1,9}$/.test(text) && value >= least) return value;
  throw new GantryError("bad-parameter", `${what}: ${text} is not a whole number of at least ${least}`);
}
