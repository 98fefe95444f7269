/**
 * Loads a project: finds its files, reads them, and answers either the canonical model or every problem at once.
 *
 * This room alone touches the file system, and only reads. Process environment and standard input are given.
 */
import { dirname, resolve } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.js";
import type { Instance } from "../instance/instance.js";
import { placeInstance } from "../instance/place-instance.js";
import { interpolate } from "../interpolate/interpolate.js";
import { buildProject, type LeaveOut } from "../normalize/build-project.js";
import type { DraftService } from "../normalize/service/service.js";
import type { Project, Service } from "../project.js";
import { nowhere, type Place, type Report } from "../report.js";
import { projectName } from "../select/project-name.js";
import { child, type Tree } from "../tree.js";
import { checkSchema } from "../validate/check-schema.js";
import { discoverFiles, splitList } from "./discover.js";
import { defaultEnvFile, loadEnvFiles, type VariablePlaces } from "./environment.js";
import { findInstanceWish, nameInstance } from "./instance/find-instance.js";
import { parseDocuments, parseRead, type ReadContext, readModel } from "./read-model.js";
import { decodeText, type FileText } from "./read-text.js";
import { type FetchRemote, isRemote, loadWithRemotes, type RemoteFiles } from "./remote-files.js";
import { checkFileSpecs, readServiceFiles } from "./service-files.js";

type Environment = Readonly<Record<string, string>>;

export interface LoadRequest {
  /** Absolute. */
  readonly cwd: string;
  /** From `-f`, in order; `-` is standard input. Empty: `COMPOSE_FILE`, else the default names. */
  readonly files: readonly string[];
  readonly projectDirectory?: string | undefined;
  readonly projectName?: string | undefined;
  /** From `--instance`: `auto`, a name, or "" for the plain project. Undefined: as `GANTRY_INSTANCE` says. */
  readonly instance?: string | undefined;
  /** Where the copy's ports are; undefined: at the address that its name stands for. */
  readonly instanceAddress?: string | undefined;
  /** From `--env-file`, in order. Empty: `COMPOSE_ENV_FILES`, else `.env`. */
  readonly envFiles: readonly string[];
  /** From `--profile`. `COMPOSE_PROFILES` counts when empty. */
  readonly profiles: readonly string[];
  /** Narrows to these services and what they depend on. */
  readonly services?: readonly string[] | undefined;
  /** False leaves out what the named services depend on. Default true. */
  readonly withDependencies?: boolean | undefined;
  /** True keeps networks, volumes, configs and secrets that no selected service uses. */
  readonly allResources?: boolean | undefined;
  /** True joins names by `_`. Undefined: as `COMPOSE_COMPATIBILITY` says. */
  readonly compatibility?: boolean | undefined;
  /** True keeps what is only to be shown: services of providers, optional dependencies on services that are off. */
  readonly forReading?: boolean | undefined;
  readonly leaveOut?: LeaveOut | undefined;
  /** True keeps the text of every value at its place, for `explain`. */
  readonly keepsTexts?: boolean | undefined;
  /** The process environment. */
  readonly env: Environment;
  /** What every container's environment begins with. */
  readonly proxies?: Readonly<Record<string, string>> | undefined;
  readonly readStdin?: (() => Promise<string | Uint8Array>) | undefined;
  /** Brings files that stand elsewhere. Without it they are an error. */
  readonly fetchRemote?: FetchRemote | undefined;
}

/** `project` is undefined exactly when one of the diagnostics is an error. They are sorted by place. */
export interface LoadResult {
  readonly project: Project | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Never throws for what the user wrote. */
export async function loadProject(request: LoadRequest): Promise<LoadResult> {
  const input = await readStdin(request);
  const { value, report } = await loadWithRemotes(request.fetchRemote, (found, remotes) =>
    load(request, input, { report: found, remotes }),
  );
  const { proxies = {} } = request;
  const project = value && Object.keys(proxies).length > 0 ? { ...value, proxies } : value;
  return { project: report.hasErrors ? undefined : project, diagnostics: report.sorted() };
}

/** What stands in standard input when one of the files is `-`; checked as any file is. */
export async function readStdin({ files, env, readStdin: read }: LoadRequest): Promise<FileText | undefined> {
  const isAsked = files.length > 0 ? files.includes("-") : env.COMPOSE_FILE === "-";
  return isAsked ? decodeText(Buffer.from((await read?.()) ?? "")) : undefined;
}

/** The name of a project whose files may otherwise be wrong; undefined when there are none, or one is elsewhere. */
export async function nameOfProject(request: LoadRequest): Promise<string | undefined> {
  const input = await readStdin(request);
  const { value } = await loadWithRemotes(undefined, (report, remotes) =>
    openProject(request, input, { report, remotes }),
  );
  return value?.name;
}

/** What is known of a project before its files are merged. */
export interface OpenedProject {
  readonly name: string;
  /** Undefined for the plain project. */
  readonly instance: Instance | undefined;
  readonly directory: string;
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  /** Process environment over env files, and the names that Compose adds. */
  readonly values: Environment;
  readonly context: ReadContext;
}

/** Where problems go, and what is known of files elsewhere. */
export interface Pass {
  readonly report: Report;
  readonly remotes: RemoteFiles;
}

/** Finds and parses the files. Undefined when there are none, which is reported, or when one has yet to come. */
export function openProject(
  request: LoadRequest,
  input: FileText | undefined,
  { report, remotes }: Pass,
): OpenedProject | undefined {
  const { cwd } = request;
  const places: VariablePlaces = new Map();
  const envFiles = explicitEnvFiles(request);
  const early = firstEnvironment(request, { envFiles, places }, report);
  const named = discoverFiles({ ...request, environment: early }, report);
  const files = named.flatMap((file) => (isRemote(file) ? (remotes.locate(file, nowhere, report) ?? []) : file));
  if (files.length === 0 || files.length < named.length) return undefined;
  const directory = request.projectDirectory ? resolve(cwd, request.projectDirectory) : directoryOf(named[0], cwd);
  const environment = lateEnvironment(early, { directory, envFiles, places, request }, report);
  const parsed = new Map<string, readonly Tree[]>();
  if (files.includes("-")) parseRead("-", input ?? { kind: "text", text: "" }, { parsed, report }, nowhere);
  const documents = files.flatMap((file) => parseDocuments(file, { parsed, report }, nowhere));
  const { name, instance } = identityOf(documents, { request, environment, directory }, report);
  const values = { PWD: cwd, ...environment, COMPOSE_PROJECT_NAME: name, ...instanceValues(environment, instance) };
  const context: ReadContext = {
    directory,
    processEnvironment: request.env,
    variables: {
      values,
      warned: new Set(),
      uses: new Map(),
      places,
      texts: request.keepsTexts ? new Map() : undefined,
    },
    including: files,
    report,
    remotes,
    parsed,
  };
  return { name, instance, directory, files, envFiles, values, context };
}

/** The merged model; undefined, which is reported, when the files say nothing. */
export function readWholeModel({ files, context }: OpenedProject, report: Report): Tree | undefined {
  const model = readModel(files, context);
  if (!model && !report.hasErrors) {
    const place = { path: "", at: [{ file: files[0] ?? "-", line: 1, column: 1 }] };
    report.error(place, "empty-file", "empty compose file");
  }
  return model;
}

function load(request: LoadRequest, input: FileText | undefined, pass: Pass): Project | undefined {
  const { report, remotes } = pass;
  const opened = openProject(request, input, pass);
  const model = opened && readWholeModel(opened, report);
  if (!model) return undefined;
  const { name, instance, directory, files, envFiles, values, context } = opened;
  const { leaveOut } = request;
  const { texts } = context.variables;
  warnOfVersion(model, report);
  checkSchema(model, report);
  const mayRead = (path: string, place: Place) => remotes.mayRead(path, place, report);
  const built = buildProject(model, {
    name,
    directory,
    files,
    envFiles,
    environment: values,
    selection: { ...request, profiles: activeProfiles(request, values) },
    isCompatible: request.compatibility ?? isTrue(values.COMPOSE_COMPATIBILITY),
    report,
    leaveOut,
    variableUses: context.variables.uses,
    variablePlaces: context.variables.places,
    texts,
    readServiceFiles: (draft, sources) =>
      leaveOut?.envFiles
        ? withEnvFiles(draft)
        : readServiceFiles(draft, { environment: values, report, sources, texts, mayRead }),
    checkFileSpecs: (kind, specs, sources) => {
      const severity = leaveOut?.files ? "warn" : "error";
      checkFileSpecs(kind, specs, { environment: values, sources, severity }, report);
    },
  });
  const project = instance ? placeInstance(built, instance, report) : built;
  if (remotes.files.length === 0) return project;
  checkReach(project, mayRead);
  return { ...project, remotes: remotes.files };
}

/** What is read or sent elsewhere when the project runs: a remote file may name only what came with it. */
function checkReach(project: Project, mayRead: (path: string, place: Place) => boolean): void {
  const check = (path: string | undefined, at: string) => {
    if (path?.startsWith("/")) mayRead(path, { path: at, at: project.sources.get(at) ?? [] });
  };
  for (const kind of ["configs", "secrets"] as const) {
    for (const spec of project[kind].values()) check(spec.file, `${kind}.${spec.key}.file`);
  }
  for (const { name, build } of project.services.values()) {
    const at = `services.${name}.build`;
    check(build?.context, project.sources.has(`${at}.context`) ? `${at}.context` : at);
    const contexts = Object.values((build?.additional_contexts ?? {}) as Record<string, string>); // its canonical form
    for (const context of contexts) check(context, `${at}.additional_contexts`);
  }
}

/** The service with its env files as an attribute, for `config` alone. */
function withEnvFiles({ service, envFiles }: DraftService): Service {
  if (envFiles.length === 0) return service;
  const env_file = envFiles.map(({ path, required, raw }) => ({
    path,
    ...(required ? {} : { required }),
    ...(raw ? { format: "raw" } : {}),
  }));
  return { ...service, untyped: { ...service.untyped, env_file } };
}

function explicitEnvFiles({ cwd, envFiles, env }: LoadRequest): string[] {
  const given = envFiles.length > 0 ? envFiles : splitList(env.COMPOSE_ENV_FILES, ",");
  return given.map((file) => resolve(cwd, file));
}

/** What is known before the files are found: `.env` may name them by `COMPOSE_FILE`. */
function firstEnvironment(
  request: LoadRequest,
  { envFiles, places }: { envFiles: readonly string[]; places: VariablePlaces },
  report: Report,
): Environment {
  const { cwd, env, files, projectDirectory } = request;
  if (envFiles.length > 0) return loadEnvFiles(env, envFiles, { isDefault: false, places }, report);
  if (isDotEnvDisabled(env)) return env;
  const directory = projectDirectory ? resolve(cwd, projectDirectory) : directoryOf(files[0], cwd);
  return loadEnvFiles(env, [defaultEnvFile(directory)], { isDefault: true, places }, report);
}

/** The project directory's `.env` fills what the first one left out, when it is another one. */
function lateEnvironment(
  early: Environment,
  known: { directory: string; envFiles: readonly string[]; places: VariablePlaces; request: LoadRequest },
  report: Report,
): Environment {
  const { directory, envFiles, places, request } = known;
  const { cwd, files, projectDirectory, env } = request;
  const first = projectDirectory ? resolve(cwd, projectDirectory) : directoryOf(files[0], cwd);
  if (envFiles.length > 0 || first === directory || isDotEnvDisabled(env)) return early;
  return loadEnvFiles(early, [defaultEnvFile(directory)], { isDefault: true, places }, report);
}

function isDotEnvDisabled(env: Environment): boolean {
  return isTrue(env.COMPOSE_DISABLE_ENV_FILE);
}

function isTrue(text = ""): boolean {
  return ["1", "true"].includes(text.toLowerCase());
}

function directoryOf(file: string | undefined, cwd: string): string {
  return file === undefined || file === "-" || isRemote(file) ? cwd : dirname(resolve(cwd, file));
}

/** The project's name, of a copy its own one. */
function identityOf(
  documents: readonly Tree[],
  context: { request: LoadRequest; environment: Environment; directory: string },
  report: Report,
): { name: string; instance: Instance | undefined } {
  const { request, environment, directory } = context;
  const { instance: asked, projectName, instanceAddress: address } = request;
  const wish = findInstanceWish({ asked, environment: environment.GANTRY_INSTANCE, projectName, directory });
  const base = nameOf(documents, wish ? { ...context, directory: wish.nameDirectory } : context, report);
  const found = wish && nameInstance(wish, { base, address }, report);
  return { name: found?.projectName ?? base, instance: found?.instance };
}

/** What files may use to tell copies apart; `auto` is nobody's name. */
function instanceValues(environment: Environment, instance: Instance | undefined): Environment {
  if (instance) return { GANTRY_INSTANCE: instance.name, GANTRY_ADDRESS: instance.address };
  return environment.GANTRY_INSTANCE === undefined ? {} : { GANTRY_INSTANCE: "" };
}

function nameOf(
  documents: readonly Tree[],
  context: { request: LoadRequest; environment: Environment; directory: string },
  report: Report,
): string {
  const { request, environment, directory } = context;
  const node = documents.map((document) => child(document, "name")).findLast((name) => name !== undefined);
  return projectName(
    {
      asked: request.projectName,
      environment: environment.COMPOSE_PROJECT_NAME,
      written: node && writtenName(node, environment),
      directory,
    },
    report,
  );
}

/** A name whose variables are in error is reported where the whole file is interpolated. */
function writtenName(node: Tree, environment: Environment): { name: string; place: Place } | undefined {
  if (node.kind !== "scalar" || typeof node.value !== "string") return undefined;
  const result = interpolate(node.value, (name) => environment[name]);
  return result.kind === "ok" ? { name: result.value, place: node } : undefined;
}

function activeProfiles({ profiles }: LoadRequest, environment: Environment): readonly string[] {
  if (profiles.length > 0) return profiles;
  return splitList(environment.COMPOSE_PROFILES, ",").map((profile) => profile.trim());
}

function warnOfVersion(model: Tree, report: Report): void {
  const version = child(model, "version");
  if (version) report.warn(version, "obsolete-key", "version is obsolete and has no effect", { hint: "Remove it" });
}
