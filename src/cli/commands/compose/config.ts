/** `gantry config`: the project as it is understood. Touches no engine. */
import { GantryError } from "../../../base/errors.js";
import type { Project } from "../../../compose/project.js";
import type { CliContext } from "../../context.js";
import { loadModel } from "./load.js";

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
}

/** Validates, then prints the whole or a list of names. */
export async function config(context: CliContext, flags: ConfigFlags, services: readonly string[]): Promise<void> {
  const project = await loadModel(context, services);
  if (!project || flags.quiet) return;
  const text = await textOf(narrowed(project, services), flags);
  if (flags.output === undefined) return void context.stdout.write(text);
  const { writeFile } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  await writeFile(resolve(context.cwd, flags.output), text);
}

async function textOf(project: Project, flags: ConfigFlags): Promise<string> {
  const names = await namesOf(project, flags);
  if (names) return names.map((name) => `${name}\n`).join("");
  const { projectToConfig } = await import("../../../compose/canonical/project-to-config.js");
  const model = projectToConfig(project);
  if (flags.format === "json") return `${JSON.stringify(model, null, 2)}\n`;
  if (flags.format !== undefined && flags.format !== "yaml") {
    throw new GantryError("bad-parameter", `--format: ${flags.format} is not known; use yaml or json`);
  }
  const { printYaml } = await import("../../../compose/load/print-yaml.js");
  return printYaml(model);
}

/** The list that a flag asks for, the first one winning; sorted. */
async function namesOf(project: Project, flags: ConfigFlags): Promise<readonly string[] | undefined> {
  const services = [...project.services.values()];
  if (flags.services) return services.map((service) => service.name);
  if (flags.volumes) return [...project.volumes.keys()];
  if (flags.networks) return [...project.networks.keys()];
  if (flags.hash !== undefined) return hashes(project, flags.hash);
  if (flags.profiles) return [...new Set(services.flatMap((service) => service.profiles))].sort();
  if (flags.images) {
    const { imageNameOf } = await import("../../../plan/service/names.js");
    return [...new Set(services.map((service) => imageNameOf(project.name, service)))].sort();
  }
  if (flags.environment)
    return Object.entries(project.environment)
      .map(([key, value]) => `${key}=${value}`)
      .sort();
  return undefined;
}

/** `NAME HASH`, as the label `config-hash` has it; bound files do not count here, because nothing is read. */
async function hashes(project: Project, wanted: string): Promise<string[]> {
  const { hashService } = await import("../../../plan/service/service-hash.js");
  const names = wanted === "*" ? [...project.services.keys()] : wanted.split(",");
  return names.map((name) => {
    const service = project.services.get(name);
    if (!service) throw new GantryError("bad-parameter", `no such service: ${name}`);
    return `${name} ${hashService(service, project, new Map())}`;
  });
}

function narrowed(project: Project, names: readonly string[]): Project {
  if (names.length === 0) return project;
  const unknown = names.find((name) => !project.services.has(name));
  if (unknown !== undefined) throw new GantryError("bad-parameter", `no such service: ${unknown}`);
  const wanted = new Set<string>();
  const add = (name: string) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const needed of project.services.get(name)?.depends_on.keys() ?? []) add(needed);
  };
  for (const name of names) add(name);
  return { ...project, services: new Map([...project.services].filter(([name]) => wanted.has(name))) };
}
