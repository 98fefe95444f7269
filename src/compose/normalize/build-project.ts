/**
 * Builds the project from the merged tree: normalises, selects, checks.
 *
 * Pure but for what the caller does in `readServiceFiles` and `checkFileSpecs`, which are called for selected services
 * only: the files of others need not exist.
 */
import type { SourceLocation } from "../../base/diagnostic.js";
import { withoutDuplicates } from "../merge/merge.js";
import type { FileSpec, Project, Service } from "../project.js";
import { type Place, Report } from "../report.js";
import { type Selection, selectServices } from "../select/select-services.js";
import { child, collectSources, membersOf, type Tree } from "../tree.js";
import { checkConsistency, type Resources } from "../validate/check-consistency.js";
import { checkDependencies } from "../validate/check-dependencies.js";
import type { Context } from "./context.js";
import { normalizeProjectExtension } from "./extension/project-extension.js";
import { compact } from "./read.js";
import { implicitDefaultNetwork, normalizeFiles, normalizeNetworks, normalizeVolumes } from "./resources.js";
import { normalizeModels } from "./service/hooks.js";
import { type DraftService, extensionsOf, normalizeService } from "./service/service.js";

/** Steps that `config` can be asked to leave out, to show the files as they are. */
export interface LeaveOut {
  readonly paths?: boolean;
  readonly envFiles?: boolean;
  readonly normalization?: boolean;
  readonly consistency?: boolean;
  /** Missing files and variables of configs and secrets are warnings: nothing is about to be started. */
  readonly files?: boolean;
}

export interface BuildOptions {
  readonly name: string;
  readonly directory: string;
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly selection: Selection & { readonly allResources?: boolean | undefined };
  /** Names of containers and images are joined by `_`. */
  readonly isCompatible?: boolean | undefined;
  readonly report: Report;
  readonly leaveOut?: LeaveOut | undefined;
  readonly variableUses?: Project["variableUses"];
  readonly variablePlaces?: ReadonlyMap<string, SourceLocation> | undefined;
  readonly texts?: ReadonlyMap<string, string> | undefined;
  /** Adds the places of what the files say to `sources`. */
  readonly readServiceFiles: (draft: DraftService, sources: Context["sources"]) => Service;
  readonly checkFileSpecs: (
    kind: "config" | "secret",
    specs: Iterable<FileSpec>,
    sources: ReadonlyMap<string, Place["at"]>,
  ) => void;
}

/** The project; problems are in `report`, and after an error the answer is of no use. */
export function buildProject(merged: Tree, options: BuildOptions): Project {
  const { name, directory, environment, report, selection } = options;
  const model = withoutDuplicates(merged, report);
  const sources = collectSources(model);
  const { leaveOut = {} } = options;
  const context: Context = {
    report,
    projectName: name,
    workingDir: directory,
    environment,
    sources,
    keepsPaths: leaveOut.paths,
    isBare: leaveOut.normalization,
  };
  const resources: Resources = {
    networks: normalizeNetworks(child(model, "networks"), context),
    volumes: normalizeVolumes(child(model, "volumes"), context),
    configs: normalizeFiles(child(model, "configs"), context),
    secrets: normalizeFiles(child(model, "secrets"), context),
  };
  const drafts = new Map<string, DraftService>();
  for (const [key, node] of membersOf(child(model, "services"))) {
    // A service that is no mapping was reported by the schema.
    if (node.kind === "map") drafts.set(key, normalizeService(key, node, context));
  }
  // Problems of a step that is left out go where nobody reads them.
  const checks = leaveOut.consistency ? new Report() : report;
  checkDependencies(drafts, sources, checks);
  const { forReading } = selection;
  const selected = selectServices(drafts, selection, checks);
  const models = normalizeModels(child(model, "models"), context);
  const modelNames = [...models.keys()];
  const { services: chosen } = selected;
  checkConsistency({ services: chosen, all: drafts, models: modelNames, resources, sources, forReading }, checks);
  const joined = options.isCompatible ? ({ separator: "_" } as const) : {};
  const services = new Map(
    [...selected.services].map(([key, draft]) => [key, { ...options.readServiceFiles(draft, sources), ...joined }]),
  );
  const used = selection.allResources
    ? withDefaultNetwork(resources, [...services.values()], name)
    : usedResources(resources, [...services.values()], name);
  if (!leaveOut.consistency && !leaveOut.paths) {
    options.checkFileSpecs("config", used.configs.values(), sources);
    options.checkFileSpecs("secret", used.secrets.values(), sources);
  }
  return {
    name,
    workingDir: directory,
    configFiles: options.files,
    envFiles: options.envFiles,
    environment,
    services,
    disabledServices: selected.disabled,
    ...used,
    models: keep(
      models,
      [...services.values()].flatMap((service) => Object.keys(service.models ?? {})),
    ),
    sources,
    ...(options.variableUses ? { variableUses: options.variableUses } : {}),
    provenance: compact({ model, variablePlaces: options.variablePlaces ?? new Map(), texts: options.texts }),
    extensions: extensionsOf(model),
    ...compact({ gantry: normalizeProjectExtension(child(model, "x-gantry"), [...drafts.keys()], context) }),
  };
}

function usedResources(resources: Resources, services: readonly Service[], projectName: string): Resources {
  const all = withDefaultNetwork(resources, services, projectName);
  return {
    networks: keep(
      all.networks,
      services.flatMap(({ networks }) => [...networks.keys()]),
    ),
    volumes: keep(
      all.volumes,
      services.flatMap(({ volumes }) => volumes.map(({ type, source }) => (type === "volume" ? source : undefined))),
    ),
    configs: keep(
      all.configs,
      services.flatMap(({ configs }) => configs.map(({ source }) => source)),
    ),
    secrets: keep(
      all.secrets,
      services.flatMap(({ secrets, build }) => [...secrets, ...buildSecrets(build)].map(({ source }) => source)),
    ),
  };
}

/** `build.secrets` in its canonical form. */
function buildSecrets(build: Service["build"]): ReadonlyArray<{ readonly source?: string }> {
  return Array.isArray(build?.secrets) ? build.secrets : [];
}

function withDefaultNetwork(resources: Resources, services: readonly Service[], projectName: string): Resources {
  const isUsed = services.some(({ networks }) => networks.has("default"));
  if (!isUsed || resources.networks.has("default")) return resources;
  const networks = [...resources.networks, ["default", implicitDefaultNetwork(projectName)] as const];
  return { ...resources, networks: new Map(networks.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function keep<T>(all: ReadonlyMap<string, T>, names: ReadonlyArray<string | undefined>): Map<string, T> {
  const wanted = new Set(names);
  return new Map([...all].filter(([key]) => wanted.has(key)));
}
