/**
 * The canonical model as `docker compose config` prints it, ready to be printed as YAML or JSON.
 *
 * Pure. `name` first, then services and the resources in use; keys in the order that Compose prints them, entries by
 * name. Contents of secrets are never in it.
 */
import { compact } from "../normalize/read.js";
import type { FileSpec, NetworkSpec, Project, VolumeSpec } from "../project.js";
import { fromMap, type Plain, unlessEmpty } from "./plain.js";
import { serviceToConfig } from "./service-to-config.js";

/** Every `$` is doubled unless `rawDollars`, so that the output can be read again as a Compose file. `isBare` leaves
 * out what the files do not say. */
export function projectToConfig(project: Project, { rawDollars = false, isBare = false } = {}): Plain {
  const written = (path: string) => project.sources.has(path);
  // Bare, a resource has only the name that the file gives it.
  const named = (section: string, all: Plain | undefined): Plain | undefined => {
    if (!isBare || !all) return all;
    const unnamed = ([key, value]: [string, unknown]) =>
      written(`${section}.${key}.name`) ? [key, value] : [key, { ...(value as Plain), name: undefined }];
    return Object.fromEntries(Object.entries(all).map(unnamed));
  };
  const config = compact({
    name: project.name,
    services: fromMap(project.services, (service) => serviceToConfig(service, { written, isBare })) ?? {},
    networks: named("networks", fromMap(project.networks, networkToConfig)),
    volumes: named("volumes", fromMap(project.volumes, volumeToConfig)),
    secrets: named("secrets", fromMap(project.secrets, fileToConfig)),
    configs: named("configs", fromMap(project.configs, fileToConfig)),
    ...project.extensions,
  });
  return rawDollars ? config : (doubleDollars(config) as Plain); // the shape stays
}

/** As YAML has it: docker compose prints commands that nobody set, and empty `ipam`, in JSON alone. */
export function asYamlModel(config: Plain): Plain {
  const without = (section: unknown, isEmpty: (key: string, value: unknown) => boolean) =>
    Object.fromEntries(
      Object.entries(section as Plain).map(([name, entry]) => [
        name,
        Object.fromEntries(Object.entries(entry as Plain).filter(([key, value]) => !isEmpty(key, value))),
      ]),
    );
  const { services, networks } = config;
  return {
    ...config,
    services: without(services, (key, value) => value === null && (key === "command" || key === "entrypoint")),
    ...(networks ? { networks: without(networks, (key, value) => key === "ipam" && isEmptyMapping(value)) } : {}),
  };
}

function isEmptyMapping(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function networkToConfig(network: NetworkSpec): Plain {
  return compact({
    name: network.name,
    driver: network.driver,
    driver_opts: unlessEmpty(network.driver_opts),
    ipam: network.ipam ?? {},
    external: network.external || undefined,
    internal: network.internal || undefined,
    attachable: network.attachable || undefined,
    labels: unlessEmpty(network.labels),
    enable_ipv4: network.enable_ipv4,
    enable_ipv6: network.enable_ipv6,
  });
}

function volumeToConfig(volume: VolumeSpec): Plain {
  return compact({
    name: volume.name,
    driver: volume.driver,
    driver_opts: unlessEmpty(volume.driver_opts),
    external: volume.external || undefined,
    labels: unlessEmpty(volume.labels),
    "x-gantry": volume.gantry,
  });
}

function fileToConfig({ key: _key, external, ...spec }: FileSpec): Plain {
  return compact({ ...spec, external: external || undefined });
}

function doubleDollars(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(doubleDollars);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, doubleDollars(member)]));
}
