/**
 * The model of a project as a generation keeps it: canonical, so that it can be applied again without its files.
 *
 * Pure. A generation's model is what the project is after it: services that a command left alone are in it as the
 * generation before had them. Contents of secrets are never in it.
 */
import { isRecord } from "../../base/json.js";
import { projectToConfig } from "../../compose/canonical/project-to-config.js";
import type { Project } from "../../compose/project.js";
import type { KeptConfig, ModelFacts } from "../../wire/history.js";

export type Model = Readonly<Record<string, unknown>>;

/** What a generation can be applied again from. */
export interface KeptState {
  readonly model: Model;
  readonly facts: ModelFacts;
  readonly configs: Readonly<Record<string, KeptConfig>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** What of the contents was read. */
export interface Contents {
  readonly configs: Readonly<Record<string, KeptConfig>>;
  /** By the secrets' keys. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** `scale` are the numbers of replicas that the command line asks for. */
export function keptState(project: Project, contents: Contents, scale: ReadonlyMap<string, number>): KeptState {
  return {
    model: scaled(projectToConfig(project), project, scale),
    facts: {
      workingDir: project.workingDir,
      configFiles: [...project.configFiles],
      envFiles: [...project.envFiles],
      disabledServices: [...project.disabledServices],
      compatibility: [...project.services.values()].some(({ separator }) => separator === "_"),
    },
    configs: contents.configs,
    secrets: Object.fromEntries(contents.secrets),
  };
}

/** With the numbers that were asked for where the files say others, or none. */
function scaled(model: Model, project: Project, scale: ReadonlyMap<string, number>): Model {
  const services = entriesOf(model.services).map(([name, service]): [string, unknown] => {
    const asked = scale.get(name);
    if (asked === undefined || asked === project.services.get(name)?.scale) return [name, service];
    const { deploy, ...rest } = recordOf(service);
    const { replicas: _replicas, ...others } = recordOf(deploy);
    return [name, { ...rest, scale: asked, ...(Object.keys(others).length > 0 ? { deploy: others } : {}) }];
  });
  return { ...model, services: Object.fromEntries(services) };
}

/**
 * `below` with the named services, and all that they use, as `above` has them; no names: `above` as it is. A named
 * service that `above` does not have is left out.
 */
export function overlaid(below: KeptState | undefined, above: KeptState, services: readonly string[]): KeptState {
  if (services.length === 0) return above;
  const named = new Set(services);
  const kept = entriesOf(below?.model.services).filter(([name]) => !named.has(name));
  const taken = entriesOf(above.model.services).filter(([name]) => named.has(name));
  const used = (section: "configs" | "secrets") => new Set(taken.flatMap(([, service]) => sourcesOf(service, section)));
  const merged = <T>(section: "configs" | "secrets", low: Record<string, T>, high: Record<string, T>) => {
    const mine = Object.entries(high).filter(([key]) => used(section).has(key) || !(key in low));
    return { ...low, ...Object.fromEntries(mine) };
  };
  const union = (section: string) => ({ ...recordOf(below?.model[section]), ...recordOf(above.model[section]) });
  const sections = ["networks", "volumes", "models"].flatMap((section): Array<[string, unknown]> => {
    const entries = union(section);
    return Object.keys(entries).length > 0 ? [[section, entries]] : [];
  });
  const specs = (["configs", "secrets"] as const).flatMap((section): Array<[string, unknown]> => {
    const entries = merged(section, recordOf(below?.model[section]), recordOf(above.model[section]));
    return Object.keys(entries).length > 0 ? [[section, entries]] : [];
  });
  return {
    model: {
      ...above.model,
      services: Object.fromEntries([...kept, ...taken].sort(([a], [b]) => (a < b ? -1 : 1))),
      ...Object.fromEntries([...sections, ...specs]),
    },
    facts: above.facts,
    configs: merged("configs", { ...below?.configs }, { ...above.configs }),
    secrets: merged("secrets", { ...below?.secrets }, { ...above.secrets }),
  };
}

/** The part of a model that makes a service: two equal ones make the same containers. */
export function serviceModel({ model, configs, secrets }: KeptState, service: string): unknown {
  const found = recordOf(model.services)[service];
  const pick = (record: object, section: "configs" | "secrets") =>
    Object.fromEntries(sourcesOf(found, section).map((key) => [key, recordOf(record)[key]]));
  return [found, pick(configs, "configs"), pick(secrets, "secrets")];
}

/**
 * The model with the contents of configs that have changed since: a config whose digest is not the kept one gets the
 * kept content in place of its file. `present` are digests by the configs' keys.
 */
export function withKeptConfigs({ model, configs }: KeptState, present: Readonly<Record<string, KeptConfig>>): Model {
  const entries = Object.entries(recordOf(model.configs)).map(([key, spec]): [string, unknown] => {
    const content = configs[key]?.content;
    if (content === undefined || !isRecord(spec) || present[key]?.digest === configs[key]?.digest) return [key, spec];
    const { file: _file, environment: _environment, ...rest } = spec;
    return [key, { ...rest, content: content.replaceAll("$", "$$$$") }];
  });
  return entries.length > 0 ? { ...model, configs: Object.fromEntries(entries) } : model;
}

function entriesOf(section: unknown): Array<[string, unknown]> {
  return Object.entries(recordOf(section));
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** Keys of the configs or secrets that a service of a model uses. */
function sourcesOf(service: unknown, section: "configs" | "secrets"): string[] {
  const uses = recordOf(service)[section];
  return Array.isArray(uses) ? uses.flatMap((use) => (isRecord(use) ? [String(use.source)] : [])) : [];
}
