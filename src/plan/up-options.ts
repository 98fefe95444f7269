/** What `up` was asked for, and the services it concerns. Pure. */
import { GantryError } from "../base/errors.js";
import type { Project, Service } from "../compose/project.js";
import { noSuchService } from "./service/no-such-service.js";
import type { Provided } from "./steps/provisions.js";

export interface UpOptions {
  /** Recorded in a label of everything that is created. */
  readonly version: string;
  /** Named on the command line; empty means all. */
  readonly services: readonly string[];
  readonly forceRecreate: boolean;
  /** Dependencies of the named services too. */
  readonly alwaysRecreateDeps?: boolean;
  readonly noRecreate: boolean;
  readonly noDeps: boolean;
  readonly removeOrphans: boolean;
  /** Says nothing about orphans. */
  readonly ignoreOrphans?: boolean;
  readonly noStart: boolean;
  readonly renewAnonymousVolumes: boolean;
  readonly scale: ReadonlyMap<string, number>;
  readonly pull?: "always" | "missing" | "never";
  /** No registry is asked: what is here will do, however old, and what is not here ends the plan. */
  readonly isOffline?: boolean;
  /** `always` builds every service that can be, `never` none; without it images that are missing are built. */
  readonly build?: "always" | "never";
  /** For pull policies that ask how old an image is, milliseconds since the epoch; without it none is old. */
  readonly nowMs?: number;
  /** What providers and models answered just now: then they are not asked again. */
  readonly provided?: Provided;
  /** The images were pulled just now; policies that ask for a pull are satisfied. */
  readonly imagesAreFresh: boolean;
  /** For containers that are replaced or removed; undefined means their own grace. */
  readonly timeoutS?: number;
  /** Ends with a wait for every selected service to run, be healthy or have completed. */
  readonly wait: boolean;
  readonly waitTimeoutMs?: number;
}

/** Plain `up -d`. */
export const defaultUpOptions: UpOptions = {
  version: "0",
  services: [],
  forceRecreate: false,
  noRecreate: false,
  noDeps: false,
  removeOrphans: false,
  noStart: false,
  renewAnonymousVolumes: false,
  scale: new Map(),
  imagesAreFresh: false,
  wait: false,
};

/**
 * The services that a command concerns, dependencies before dependents, else by name: those named with all they depend
 * on, or all. Throws "bad-parameter" for an unknown name.
 */
export function selectServices(project: Project, names: readonly string[], noDeps: boolean): Service[] {
  for (const name of names) {
    if (!project.services.has(name)) throw noSuchService(name, project.services.keys());
  }
  const wanted = names.length > 0 ? names : [...project.services.keys()];
  const only = noDeps && names.length > 0 ? new Set(names) : undefined;
  const ordered = new Map<string, Service>();
  const visiting = new Set<string>();
  const visit = (name: string) => {
    const service = project.services.get(name);
    if (!service || ordered.has(name) || visiting.has(name) || (only && !only.has(name))) return;
    visiting.add(name);
    for (const needed of neededBy(service)) visit(needed);
    ordered.set(name, service);
  };
  for (const name of [...wanted].sort()) visit(name);
  return [...ordered.values()];
}

/** As `selectServices`, of services that have containers. */
export function selectContainers(project: Project, options: Pick<UpOptions, "services" | "noDeps">): Service[] {
  return selectServices(project, options.services, options.noDeps).filter((service) => !service.provider);
}

/**
 * Of the services that `selectServices` gives, those that are there only for what puts up with their absence
 * (`required: false`). What was named is never among them.
 */
export function optionalServices(project: Project, names: readonly string[]): ReadonlySet<string> {
  if (names.length === 0) return new Set();
  const required = new Set<string>();
  const visit = (name: string) => {
    const service = project.services.get(name);
    if (!service || required.has(name)) return;
    required.add(name);
    for (const needed of neededBy(service)) if (service.depends_on.get(needed)?.required !== false) visit(needed);
  };
  for (const name of names) visit(name);
  return new Set(selectServices(project, names, false).flatMap(({ name }) => (required.has(name) ? [] : [name])));
}

/** Names of the services that must be there before this one: dependencies and what it shares with others, sorted. */
export function neededBy(service: Service): string[] {
  return [...new Set([...service.depends_on.keys(), ...sharedServices(service)])].sort();
}

/** Services whose namespaces this one joins, or whose volumes it mounts. */
export function sharedServices(service: Service): string[] {
  const { network_mode, pid, ipc, uts, volumes_from = [] } = service;
  const joined = [network_mode, pid, ipc, uts].flatMap((mode) =>
    mode?.startsWith("service:") ? [mode.slice("service:".length)] : [],
  );
  const mounted = volumes_from.flatMap((entry) => (entry.startsWith("container:") ? [] : [entry.split(":")[0] ?? ""]));
  return [...joined, ...mounted];
}

/** How many replicas the service shall have. Throws "bad-parameter" when they would all bear one name. */
export function desiredScale(service: Service, options: UpOptions): number {
  const scale = options.scale.get(service.name) ?? service.scale;
  if (scale > 1 && service.container_name !== undefined) {
    throw new GantryError(
      "bad-parameter",
      `Service "${service.name}" cannot have ${scale} replicas: container_name gives it one name`,
      { hint: "Remove container_name, or ask for one replica." },
    );
  }
  return scale;
}
