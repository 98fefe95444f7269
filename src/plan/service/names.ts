/** Names and labels of a project's objects: Docker Compose's, so that both tools see the same project. Pure. */
import { printOrigin } from "../../compose/instance/instance.js";
import type { NetworkSpec, Project, Service, VolumeSpec } from "../../compose/project.js";
import { composeLabels, digestsLabel, instanceLabels, makerLabel } from "../../wire/labels.js";
import { printDigests } from "../compare/field-digests.js";
import { hashDefinition } from "./service-hash.js";

/** `PROJECT-SERVICE-N`, or with another separator, unless the service names its container. */
export function containerName(project: string, service: Service, number: number): string {
  return service.container_name ?? [project, service.name, number].join(service.separator ?? "-");
}

/** `PROJECT-SERVICE-run-SLUG`, of the slug its beginning. */
export function oneOffName(project: string, service: Service, slug: string): string {
  return [project, service.name, "run", slug.slice(0, 12)].join(service.separator ?? "-");
}

/** Of the container in which a `pre_start` hook runs. */
export function hookName(project: string, service: Service, index: number): string {
  return [project, service.name, "pre_start", index].join(service.separator ?? "-");
}

/** Under which a replacement is created while the old container still bears the name. */
export function temporaryName(oldId: string, name: string): string {
  return `${oldId.slice(0, 12)}_${name}`;
}

/** Of a container that was replaced and is not gone yet, on an engine that does not swap names by itself. */
export function retiredName(name: string): string {
  return temporaryName("0".repeat(12), name);
}

/** The name behind a temporary one, or undefined: what an interrupted replacement left. */
export function nameBehindTemporary(name: string): string | undefined {
  return /^[0-9a-f]{12}_(.+)$/.exec(name)?.[1];
}

/** The name of the image a service runs: its own, or `PROJECT-SERVICE` for one that is built. */
export function imageNameOf(project: string, service: Service): string {
  return service.image ?? [project, service.name].join(service.separator ?? "-");
}

/** Every image that must be here for the service: its own, those of its hooks and those it mounts. */
export function imagesOf(project: string, service: Service): string[] {
  if (service.provider) return [];
  const hooks = (service.pre_start ?? []).flatMap((hook) => hook.image ?? []);
  const mounted = service.volumes.flatMap(({ type, source }) => (type === "image" && source ? [source] : []));
  return [...new Set([imageNameOf(project, service), ...hooks, ...mounted])];
}

/** A replica has a number, a one-off a slug. */
export interface ContainerLabelFacts {
  readonly number?: number;
  readonly slug?: string;
  /** Of the service, `hashService`. */
  readonly hash: string;
  /** By field, `fieldDigests`; a one-off is never compared and has none. */
  readonly digests?: Readonly<Record<string, string>>;
  /** Undefined when the image is yet to be pulled: the executor then fills it in. */
  readonly imageId?: string;
  readonly version: string;
  /** The name of the container it replaces, when it inherits its anonymous volumes. */
  readonly replaces?: string;
}

/** The service's own labels under the tool's, which win. */
export function containerLabels(
  project: Project,
  service: Service,
  facts: ContainerLabelFacts,
): Record<string, string> {
  const dependsOn = [...service.depends_on].map(([name, on]) => `${name}:${on.condition}:${on.restart}`);
  return {
    ...service.labels,
    [composeLabels.project]: project.name,
    [composeLabels.service]: service.name,
    ...(facts.number === undefined ? {} : { [composeLabels.containerNumber]: String(facts.number) }),
    ...(facts.slug === undefined ? {} : { [composeLabels.slug]: facts.slug }),
    [composeLabels.oneoff]: facts.slug === undefined ? "False" : "True",
    [composeLabels.configHash]: facts.hash,
    [composeLabels.version]: facts.version,
    [makerLabel]: facts.version,
    ...(facts.digests === undefined ? {} : { [digestsLabel]: printDigests(facts.digests) }),
    [composeLabels.dependsOn]: dependsOn.sort().join(","),
    [composeLabels.workingDir]: project.workingDir,
    [composeLabels.configFiles]: project.configFiles.join(","),
    ...(facts.imageId === undefined ? {} : { [composeLabels.image]: facts.imageId }),
    ...(project.envFiles.length > 0 ? { [composeLabels.environmentFile]: project.envFiles.join(",") } : {}),
    ...(facts.replaces === undefined ? {} : { [composeLabels.replace]: facts.replaces }),
    ...labelsOfInstance(project),
  };
}

export function networkLabels(project: Project, network: NetworkSpec, version: string): Record<string, string> {
  return { ...network.labels, ...definitionLabels(project, network, version), [composeLabels.network]: network.key };
}

export function volumeLabels(project: Project, volume: VolumeSpec, version: string): Record<string, string> {
  return { ...volume.labels, ...definitionLabels(project, volume, version), [composeLabels.volume]: volume.key };
}

function definitionLabels(project: Project, spec: NetworkSpec | VolumeSpec, version: string): Record<string, string> {
  return {
    [composeLabels.project]: project.name,
    [composeLabels.configHash]: hashDefinition(spec),
    [composeLabels.version]: version,
    [makerLabel]: version,
    ...labelsOfInstance(project),
  };
}

/** Of what the files do not have and the project's commands find: marks and containers of jobs. */
export function markLabels(project: Project, version: string): Record<string, string> {
  return {
    [composeLabels.project]: project.name,
    [composeLabels.version]: version,
    [makerLabel]: version,
    ...labelsOfInstance(project),
  };
}

/** By which a copy of a project is found again. Empty for the plain one. */
function labelsOfInstance({ instance, workingDir }: Project): Record<string, string> {
  if (!instance) return {};
  return {
    [instanceLabels.name]: instance.name,
    [instanceLabels.address]: instance.address,
    [instanceLabels.directory]: workingDir,
    ...(instance.origin ? { [instanceLabels.origin]: printOrigin(instance.origin) } : {}),
  };
}
