/** What `gantry dev` works on: the Compose files, or the dev container that the folder describes. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { GantryError, messageOf } from "../../../../base/errors.js";
import type { DevJob, DevUrl } from "../../../../compose/extension.js";
import { discoverFiles } from "../../../../compose/load/discover.js";
import type { LoadRequest } from "../../../../compose/load/load-project.js";
import { Report } from "../../../../compose/report.js";
import { normalizeProjectName } from "../../../../compose/select/project-name.js";
import { parseJsonc } from "../../../../dev/devcontainer/parse-jsonc.js";
import { type Devcontainer, readDevcontainer } from "../../../../dev/devcontainer/read-devcontainer.js";
import { devcontainerProject } from "../../../../dev/devcontainer/to-compose.js";
import type { CliContext } from "../../../context.js";
import { requestOf } from "../load.js";
import type { HostCommands } from "./initialize.js";

export interface DevSource {
  /** Of the project, where its `.env` is. */
  readonly directory: string;
  /** How the model is loaded, where no command line says it. */
  readonly request?: Partial<LoadRequest>;
  /** Commands of the dev container's life. */
  readonly jobs: readonly DevJob[];
  readonly urls?: readonly DevUrl[];
  /** Services to start when none is named; empty: all. */
  readonly services: readonly string[];
  /** What a dev container asks to be run on this host beforehand. */
  readonly host?: HostCommands;
  /** What the user should know beforehand. */
  readonly notes: readonly string[];
  /** The service of a dev container without Compose files: later commands find it by the project's name only. */
  readonly shell?: string;
}

const devcontainerFiles = [".devcontainer/devcontainer.json", ".devcontainer.json"];

/** Compose files go first, unless the dev container is made of them. Throws "bad-parameter" for a wrong file. */
export function findSource(context: CliContext): DevSource {
  const { cwd, globals } = context;
  const { file: files = [], projectDirectory: given } = globals;
  const { env: environment } = requestOf(context);
  const [first] = discoverFiles({ cwd, files, projectDirectory: given, environment }, new Report());
  const composeFolder = first?.startsWith("/") ? dirname(first) : undefined;
  const compose: DevSource = { directory: given ?? composeFolder ?? cwd, jobs: [], services: [], notes: [] };
  // What stands nearer counts: Compose files may be those of a folder above.
  const folder = [given ?? cwd, compose.directory].find((one) => devcontainerIn(one) !== undefined) ?? cwd;
  const found = devcontainerIn(folder);
  if (files.length > 0 || environment.COMPOSE_FILE || found === undefined) return compose;
  const path = join(folder, found);
  const container = readAt(path, folder, context);
  const isCompose = container.source.kind === "compose";
  if (first !== undefined && folder === compose.directory && !isCompose) {
    return { ...compose, notes: [`${basename(first)} is used; the container of ${found} is another one`] };
  }
  return sourceOf(container, { folder, found, environment });
}

function devcontainerIn(folder: string): string | undefined {
  return devcontainerFiles.find((name) => existsSync(join(folder, name)));
}

function readAt(path: string, localFolder: string, { env }: CliContext): Devcontainer {
  const wrong = (problem: string, cause?: unknown) =>
    new GantryError("bad-parameter", `${path} cannot be used: ${problem}`, { cause });
  let value: unknown;
  try {
    value = parseJsonc(readFileSync(path, "utf8"));
  } catch (error) {
    throw wrong(messageOf(error), error);
  }
  const place = { localFolder, fileFolder: dirname(path), environment: env, resolve };
  const container = readDevcontainer(value, place);
  if ("problem" in container) throw wrong(container.problem);
  return container;
}

function sourceOf(
  container: Devcontainer,
  { folder, found, environment }: { folder: string; found: string; environment: Readonly<Record<string, string>> },
): DevSource {
  const { source, unsupported } = container;
  const { composeText, service, jobs, urls } = devcontainerProject(container);
  const readStdin = async () => composeText;
  const notes = unsupported.length > 0 ? [`${found}: without effect here: ${unsupported.join(", ")}`] : [];
  const { initialize: commands } = container;
  const host = Object.keys(commands).length > 0 ? { host: { commands, folder } } : {};
  const common = { jobs, notes, ...host, ...(urls ? { urls } : {}) };
  if (source.kind !== "compose") {
    const request = { files: ["-"], readStdin, projectDirectory: folder };
    return { ...common, directory: folder, request, services: [], shell: service };
  }
  const directory = dirname(source.files[0] ?? folder);
  // The folder that such files stand in is called the same in every project.
  const isHidden = basename(directory) === ".devcontainer" && !environment.COMPOSE_PROJECT_NAME;
  const name = normalizeProjectName(`${basename(folder)}_devcontainer`);
  const env = isHidden ? { env: { ...environment, COMPOSE_PROJECT_NAME: name } } : {};
  const services = source.runServices ? [service, ...source.runServices.filter((one) => one !== service)] : [];
  return { ...common, directory, request: { files: [...source.files, "-"], readStdin, ...env }, services };
}
