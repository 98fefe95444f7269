/**
 * Puts a copy of a project at its address, and tells what it still shares with other copies.
 *
 * Pure. Names follow from the project's name, which is the copy's own already.
 */
import type { PortSpec, Project, Service } from "../project.js";
import type { Report } from "../report.js";
import type { Instance } from "./instance.js";

/** The project with its ports at the copy's address, unless the file gives them one. */
export function placeInstance(project: Project, instance: Instance, report: Report): Project {
  tellShared(project, instance, report);
  const services = new Map(
    [...project.services].map(([key, service]): [string, Service] => [
      key,
      { ...service, ports: service.ports.map((port) => atAddress(port, instance)) },
    ]),
  );
  return { ...project, services, instance };
}

function atAddress(port: PortSpec, { address }: Instance): PortSpec {
  return port.host_ip === undefined || port.host_ip === "" ? { ...port, host_ip: address } : port;
}

/** What is one thing on this host, whichever copy uses it; what bears the copy's name was meant for it. */
function tellShared(project: Project, instance: Instance, report: Report): void {
  const isOwn = (text: string) => text.includes(instance.name) || text.includes(instance.address);
  const tell = (path: string, message: string, hint: string) =>
    report.warn({ path, at: project.sources.get(path) ?? [] }, "shared-by-instances", message, { hint });
  for (const service of project.services.values()) tellOfService(service, isOwn, tell);
  for (const kind of ["networks", "volumes"] as const) {
    const word = kind === "networks" ? "Network" : "Volume";
    for (const { key, name, external } of project[kind].values()) {
      if (isOwn(name)) continue;
      const why = external ? "is external: every copy uses the same one" : `is named "${name}" in every copy`;
      const hint = external ? "Leave external: out where copies must not meet" : "Leave name: out";
      tell(`${kind}.${key}${external ? ".external" : ".name"}`, `${word} "${key}" ${why}`, hint);
    }
  }
  for (const { key, ipam, external } of project.networks.values()) {
    if (external || !ipam?.config.some(({ subnet }) => subnet !== undefined)) continue;
    const message = `Network "${key}" has a fixed range of addresses: only one copy can have it`;
    tell(`networks.${key}.ipam`, message, "Leave ipam: out, and use names rather than addresses");
  }
}

function tellOfService(
  { name, container_name, network_mode, ports }: Service,
  isOwn: (text: string) => boolean,
  tell: (path: string, message: string, hint: string) => void,
): void {
  const at = `services.${name}`;
  if (container_name !== undefined && !isOwn(container_name)) {
    const message = `Container name "${container_name}" is the same in every copy: only one can have it`;
    tell(`${at}.container_name`, message, `Leave it out, or write: container_name: \${COMPOSE_PROJECT_NAME}-${name}`);
  }
  if (network_mode === "host") {
    const message = `Service "${name}" has the host's network: its ports are those of every copy`;
    tell(`${at}.network_mode`, message, "Publish its ports instead");
  }
  for (const [index, { host_ip, published, target }] of ports.entries()) {
    if (!host_ip || published === undefined || isOwn(host_ip)) continue;
    const message = `Port ${published} of ${host_ip} is the same in every copy: only one can have it`;
    tell(`${at}.ports[${index}]`, message, `Leave the address out: "${published}:${target}"`);
  }
}
