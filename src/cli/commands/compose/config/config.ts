/** `gantry config`: the project as it is understood. Touches no engine, but for the digests of images. */
import type { Diagnostic } from "../../../../base/diagnostic.js";
import { GantryError } from "../../../../base/errors.js";
import type { LoadRequest } from "../../../../compose/load/load-project.js";
import type { Project, Service } from "../../../../compose/project.js";
import type { CliContext, GlobalOptions } from "../../../context.js";
import { loadAsAsked } from "../load.js";
import { printVerdict } from "../output/verdict.js";

export interface ConfigFlags {
  readonly format?: string;
  readonly quiet?: boolean;
  readonly services?: boolean;
  readonly volumes?: boolean;
  readonly networks?: boolean;
  readonly images?: boolean;
  readonly profiles?: boolean;
  readonly environment?: boolean;
  /** `*` or service names. */
  readonly hash?: string;
  readonly output?: string;
  readonly models?: boolean;
  readonly variables?: boolean;
  /** The path of a value. */
  readonly explain?: string;
  /** False by `--no-interpolate`, and so on. */
  readonly interpolate?: boolean;
  readonly normalize?: boolean;
  readonly pathResolution?: boolean;
  readonly envResolution?: boolean;
  readonly consistency?: boolean;
  readonly resolveImageDigests?: boolean;
  readonly lockImageDigests?: boolean;
}

/** Validates, then prints the whole or a list of names. */
export async function config(context: CliContext, flags: ConfigFlags, services: readonly string[]): Promise<void> {
  const request = { services, forReading: true, leaveOut: leftOut(flags, context.globals) };
  if (flags.quiet) return void (await loadAsAsked(context, request, verdictIn(flags)));
  const text = await printed(context, flags, request);
  if (text === undefined) return;
  if (flags.output === undefined) return void context.stdout.write(text);
  const { writeFile } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  await writeFile(resolve(context.cwd, flags.output), text);
}

/** With `-q` the format is the verdict's: text on standard error unless another one is asked for. */
function verdictIn({ format = "text", output }: ConfigFlags) {
  return (context: CliContext, diagnostics: readonly Diagnostic[]) =>
    printVerdict(context, diagnostics, { format, output });
}

/** The steps that the `--no-…` flags leave out. */
function leftOut(
  { normalize, pathResolution, envResolution, consistency }: ConfigFlags,
  { compatibility = false }: GlobalOptions,
) {
  return {
    files: true,
    normalization: normalize === false || compatibility,
    paths: pathResolution === false,
    envFiles: envResolution === false,
    consistency: consistency === false,
  };
}

/** Undefined after problems, which are printed. */
async function printed(context: CliContext, flags: ConfigFlags, request: Partial<LoadRequest>) {
  if (flags.variables || flags.interpolate === false) {
    const { rawText } = await import("./config-source.js");
    return rawText(context, flags);
  }
  const project = await loadAsAsked(context, { ...request, keepsTexts: flags.explain !== undefined });
  if (!project || flags.explain === undefined)
    return project && textOf(context, project, { flags, isBare: request.leaveOut?.normalization });
  const { explanationText } = await import("./config-source.js");
  return explanationText(context, project, flags);
}

async function textOf(
  context: CliContext,
  project: Project,
  { flags, isBare }: { flags: ConfigFlags; isBare: boolean | undefined },
): Promise<string> {
  const names = await namesOf(project, flags);
  if (names) return names.map((name) => `${name}\n`).join("");
  const { asYamlModel, projectToConfig } = await import("../../../../compose/canonical/project-to-config.js");
  const model = await maybePinned(context, projectToConfig(project, { isBare }), flags);
  if (flags.format === "json") return `${JSON.stringify(model, null, 2)}\n`;
  if (flags.format !== undefined && flags.format !== "yaml") {
    throw new GantryError("bad-usage", `--format: ${flags.format} is not known; use yaml or json`);
  }
  const { printYaml } = await import("../../../../compose/load/print-yaml.js");
  return printYaml(asYamlModel(model));
}

async function maybePinned(context: CliContext, model: Record<string, unknown>, flags: ConfigFlags) {
  const lock = flags.lockImageDigests === true;
  if (!lock && !flags.resolveImageDigests) return model;
  const { withDigests } = await import("./config-digests.js");
  return withDigests(context, model, { lock });
}

/** The list that a flag asks for, the first one winning; sorted. */
async function namesOf(project: Project, flags: ConfigFlags): Promise<readonly string[] | undefined> {
  const services = [...project.services.values()];
  if (flags.services) return services.map((service) => service.name);
  if (flags.volumes) return [...project.volumes.keys()];
  if (flags.networks) return [...project.networks.keys()];
  if (flags.models) return modelNames(services);
  if (flags.hash !== undefined) return hashes(project, flags.hash);
  if (flags.profiles) return [...new Set(services.flatMap((service) => service.profiles))].sort();
  if (flags.images) {
    const { imageNameOf } = await import("../../../../plan/service/names.js");
    return [...new Set(services.map((service) => imageNameOf(project.name, service)))].sort();
  }
  if (flags.environment)
    return Object.entries(project.environment)
      .map(([key, value]) => `${key}=${value}`)
      .sort();
  return undefined;
}

/** `NAME HASH`, as the label `config-hash` has it; files and secrets do not count here, because nothing is read. */
async function hashes(project: Project, wanted: string): Promise<string[]> {
  const { hashService } = await import("../../../../plan/service/service-hash.js");
  const noDigests = { fileDigests: new Map(), secretDigests: new Map() };
  const names = wanted === "*" ? [...project.services.keys()] : wanted.split(",");
  return names.map((name) => {
    const service = project.services.get(name);
    if (!service) throw new GantryError("bad-parameter", `no such service: ${name}`);
    return `${name} ${hashService(service, project, noDigests)}`;
  });
}

/** The models that services use, sorted. */
function modelNames(services: readonly Service[]): string[] {
  const used = services.flatMap(({ models }) => Object.keys(models ?? {}));
  return [...new Set(used)].sort();
}
