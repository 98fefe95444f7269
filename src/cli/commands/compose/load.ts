/** Finds out which project a command is about: from its files, or by its name alone. */
import type { Diagnostic } from "../../../base/diagnostic.js";
import { GantryError } from "../../../base/errors.js";
import type { LoadRequest, LoadResult } from "../../../compose/load/load-project.js";
import type { Project } from "../../../compose/project.js";
import type { CliContext } from "../../context.js";
import { proxyVariables } from "../../registry-auth/docker-proxies.js";
import { readStdinOnce } from "./output/stdin-text.js";
import { printProblems } from "./output/verdict.js";

/** A project by name, with its files where there are any. */
export interface ProjectOrName {
  readonly name: string;
  readonly project?: Project;
}

/** How a project is loaded, beyond what the command line says. */
interface ModelOptions {
  readonly print?: Print;
  readonly request?: Partial<LoadRequest> | undefined;
}

/** Shows what a load found, also when that is nothing. */
type Print = (context: CliContext, diagnostics: readonly Diagnostic[]) => Promise<void>;

/**
 * The project of the command line's files, problems printed. Undefined when there were errors: the exit code is set.
 * A named service that no profile selects is switched on, as are those it depends on.
 */
export async function loadModel(
  context: CliContext,
  services: readonly string[] = [],
  { print = printProblems, request = {} }: ModelOptions = {},
): Promise<Project | undefined> {
  context.connectAhead();
  const first = await load(context, request);
  const place = { ...request, ...(await placeOf(context, first.project)) };
  const result = place.instanceAddress === undefined ? first : await load(context, place);
  const isDisabled = services.some((name) => result.project?.disabledServices.includes(name));
  if (!isDisabled) return report(context, result, print);
  const narrowed = await load(context, { services, ...place });
  const project = narrowed.project && withOthers(narrowed.project, result.project);
  return report(context, { ...narrowed, project }, print);
}

/** Where a copy of a project is, when it is not where its name says: the engine knows. */
async function placeOf(
  context: CliContext,
  project: Project | undefined,
): Promise<Pick<LoadRequest, "instanceAddress">> {
  if (!project?.instance) return {};
  const { addressOf } = await import("./instances/settle.js");
  const instanceAddress = await addressOf(context, project);
  return instanceAddress === project.instance.address ? {} : { instanceAddress };
}

/**
 * By files when `-f` or `--instance` is given, or `-p` is not; without any file, by `COMPOSE_PROJECT_NAME`. A copy that
 * is asked for by name alone is `NAME-COPY`.
 */
export async function loadProjectOrName(context: CliContext): Promise<ProjectOrName | undefined> {
  context.connectAhead();
  const { file = [], projectName, instance } = context.globals;
  if (file.length === 0 && projectName !== undefined && !instance) return { name: projectName.toLowerCase() };
  const result = await load(context, { leaveOut: { files: true } });
  const isMissing = result.diagnostics.some((diagnostic) => diagnostic.code === "compose-file-not-found");
  const name = projectName ?? context.env.COMPOSE_PROJECT_NAME;
  if (isMissing && file.length === 0 && name) {
    const { copyName } = await import("../../../compose/load/instance/find-instance.js");
    const { cwd: directory, env } = context;
    const wish = { asked: instance, environment: env.GANTRY_INSTANCE, projectName, directory };
    return { name: copyName(wish, name.toLowerCase()) };
  }
  const project = await report(context, result);
  return project && { name: project.name, project };
}

/** One load with a request of its own, problems printed. Undefined when there were errors: the exit code is set. */
export async function loadAsAsked(context: CliContext, more: Partial<LoadRequest>, print: Print = printProblems) {
  return report(context, await load(context, more), print);
}

/** One load of the files the command line names; what is wrong with them is in the result. */
export async function load(context: CliContext, more: Partial<LoadRequest>): Promise<LoadResult> {
  const { loadProject } = await import("../../../compose/load/load-project.js");
  return loadProject({ ...requestOf(context), ...more });
}

/** What the command line and the environment ask to be loaded. */
export function requestOf(context: CliContext): LoadRequest {
  const { file = [], envFile = [], profile = [], projectDirectory, projectName, ...more } = context.globals;
  const env = Object.fromEntries(
    Object.entries(context.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
  return {
    cwd: context.cwd,
    files: file,
    envFiles: envFile,
    profiles: profile,
    projectDirectory,
    projectName,
    instance: more.instance,
    allResources: more.allResources,
    compatibility: more.compatibility,
    env,
    proxies: proxyVariables(context.dockerConfig().proxies, context.env),
    readStdin: () => readStdinOnce(context.stdin),
    fetchRemote: async (reference) => (await import("./remotes.js")).fetcherOf(context)(reference),
  };
}

async function report(
  context: CliContext,
  { project, diagnostics }: LoadResult,
  print: Print = printProblems,
): Promise<Project | undefined> {
  await print(context, diagnostics);
  context.recorder.diagnostics(diagnostics);
  if (!project) context.finish(1);
  return project;
}

/** What the narrowing left out is still part of the project: no orphans. */
function withOthers(narrowed: Project, whole: Project | undefined): Project {
  const all = [...(whole?.services.keys() ?? []), ...(whole?.disabledServices ?? [])];
  return { ...narrowed, disabledServices: all.filter((name) => !narrowed.services.has(name)).sort() };
}

/** Throws "bad-usage" when a word is not a whole number of at least `least`. */
export function wholeNumber(text: string, what: string, least = 0): number {
  const value = Number(text);
  if (/^-?\d{1,9}$/.test(text) && value >= least) return value;
  throw new GantryError("bad-usage", `${what}: ${text} is not a whole number of at least ${least}`);
}
