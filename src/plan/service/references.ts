/** What a service says of other containers, with their names: namespaces, volumes and links. Pure. */
import type { Project, Service } from "../../compose/project.js";
import { containerName } from "./names.js";

/** `service:NAME` becomes the container of that service's first replica; other modes stay. */
export function sharedMode(project: Project, mode: string): string {
  if (!mode.startsWith("service:")) return mode;
  const other = project.services.get(mode.slice("service:".length));
  return other ? `container:${containerName(project.name, other, 1)}` : mode;
}

/** `NAME[:ro|rw]` of containers, the first replica's where a service is named. */
export function volumesFrom(project: Project, service: Service): string[] {
  return (service.volumes_from ?? []).map((entry) => {
    if (entry.startsWith("container:")) return entry.slice("container:".length);
    const [name = "", ...mode] = entry.split(":");
    const other = project.services.get(name);
    return [other ? containerName(project.name, other, 1) : name, ...mode].join(":");
  });
}

/**
 * `CONTAINER:NAME` for every name by which the service asked to know others. As docker compose has it, a replica of a
 * linked service also goes by `SERVICE-N` and `PROJECT-SERVICE-N`.
 */
export function linksOf(project: Project, service: Service): string[] {
  const own = (service.links ?? []).flatMap((link) => {
    const [name = "", alias = name] = link.split(":");
    const other = project.services.get(name);
    return other ? replicaLinks(project, other, alias) : [];
  });
  const external = (service.external_links ?? []).map((link) => {
    const [name = "", alias = name] = link.split(":");
    return `${name}:${alias}`;
  });
  return [...own, ...external];
}

function replicaLinks(project: Project, other: Service, alias: string): string[] {
  return Array.from({ length: other.scale }, (_, at) => at + 1).flatMap((number) => {
    const container = containerName(project.name, other, number);
    const names = [alias, `${other.name}-${number}`, `${project.name}-${other.name}-${number}`];
    return [...new Set(names)].map((name) => `${container}:${name}`);
  });
}
