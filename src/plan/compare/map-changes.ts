/**
 * Environment and labels of a container against those of its service, key by key. Pure.
 *
 * What the image sets is in the container too: it is nobody's change, unless the service says otherwise.
 */
import type { Project, Service } from "../../compose/project.js";
import type { ContainerInspect } from "../../wire/container.js";
import type { ImageInspect } from "../../wire/image.js";
import { composeLabels, digestsLabel, instanceLabels, makerLabel, receivedLabel } from "../../wire/labels.js";
import { containerEnv } from "../service/container-env.js";

/**
 * Names of the variables that others give the container: their values are compared by a digest. `isOpen`: there may be
 * more of which nothing is known now.
 */
export interface Told {
  readonly names: readonly string[];
  readonly isOpen: boolean;
}

/** `name` is the key, by which credentials are known. */
export interface MapChange {
  readonly path: string;
  readonly name: string;
  readonly old?: string | undefined;
  readonly next?: string | undefined;
}

type Map = Readonly<Record<string, string | undefined>>;

const ownLabels: ReadonlySet<string> = new Set([
  ...[makerLabel, receivedLabel, digestsLabel],
  ...Object.values(instanceLabels),
]);
/** Those of Compose tools, and what Docker Desktop adds to binds. */
const toolLabel = /^(com\.docker\.compose\.|desktop\.docker\.io\/)/;
/** What a container with the engine's socket is told besides. */
const socketVariable = "DOCKER_CONFIG";

/** As `environment.KEY`. Without the image only what the service sets can be compared. */
export function environmentChanges(
  live: ContainerInspect,
  {
    project,
    service,
    image,
    told,
  }: { project: Project; service: Service; image: ImageInspect | undefined; told?: Told },
): MapChange[] {
  const asked = containerEnv(project, service);
  const unset = new Set(asked.filter((entry) => !isSet(entry)));
  const desired: Map = Object.fromEntries(asked.filter(isSet).map(splitAtEquals));
  // Some engines keep a name without a value, which says that the variable is not set.
  const observed: Map = Object.fromEntries((live.Config.Env ?? []).filter(isSet).map(splitAtEquals));
  const inherited: Map = Object.fromEntries((image?.Config.Env ?? []).filter(isSet).map(splitAtEquals));
  const isExtra = (key: string) =>
    image !== undefined &&
    told?.isOpen !== true &&
    (unset.has(key) || inherited[key] !== observed[key]) &&
    !(service.use_api_socket && key === socketVariable);
  return changes("environment", { desired, observed, isExtra }).filter(({ name }) => !told?.names.includes(name));
}

/** As `labels.KEY`. */
export function labelChanges(live: ContainerInspect, service: Service, image: ImageInspect | undefined): MapChange[] {
  const observed: Map = live.Config.Labels ?? {};
  const inherited: Map = image?.Config.Labels ?? {};
  const isExtra = (key: string) =>
    image !== undefined && !toolLabel.test(key) && !ownLabels.has(key) && inherited[key] !== observed[key];
  const reserved = new Set<string>([...Object.values(composeLabels), ...ownLabels]);
  const desired = Object.fromEntries(Object.entries(service.labels).filter(([key]) => !reserved.has(key)));
  return changes("labels", { desired, observed, isExtra });
}

function changes(
  field: string,
  { desired, observed, isExtra }: { desired: Map; observed: Map; isExtra: (key: string) => boolean },
): MapChange[] {
  const differing = Object.keys(desired).filter((key) => desired[key] !== observed[key]);
  const extra = Object.keys(observed).filter((key) => desired[key] === undefined && isExtra(key));
  return [...differing, ...extra].map((key) => ({
    path: `${field}.${key}`,
    name: key,
    old: observed[key],
    next: desired[key],
  }));
}

function isSet(entry: string): boolean {
  return entry.includes("=");
}

function splitAtEquals(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return [entry.slice(0, at), entry.slice(at + 1)];
}
