/** A service's places in its networks. Pure; the Docker Engine API's EndpointSettings. */
import type { Project, Service, ServiceNetwork } from "../../compose/project.js";
import type { EndpointSettings } from "../../wire/network.js";
import { linksOf } from "./references.js";
import { when } from "./when.js";

/** Docker's option for the name of the interface in the container. */
const interfaceNameOption = "com.docker.network.endpoint.ifname";

/**
 * The service's places in its networks, by network name, the main one first: highest priority, then key. The default
 * bridge, which is a network mode, is a place only for an address.
 */
export function endpointsOf(project: Project, service: Service): Map<string, EndpointSettings> {
  if (service.network_mode === "bridge" && service.mac_address !== undefined) {
    return new Map([["bridge", { MacAddress: service.mac_address }]]);
  }
  const ordered = [...service.networks].sort(
    ([a, first], [b, second]) => (second.priority ?? 0) - (first.priority ?? 0) || (a < b ? -1 : 1),
  );
  const links = linksOf(project, service);
  return new Map(
    ordered.map(([key, place], at): [string, EndpointSettings] => [
      project.networks.get(key)?.name ?? key,
      { ...endpoint(service, place, at === 0 ? service.mac_address : undefined), ...withLinks(links) },
    ]),
  );
}

/** The engine adds the container's name and short id itself. */
function endpoint(service: Service, place: ServiceNetwork, serviceMac: string | undefined): EndpointSettings {
  const mac = place.mac_address ?? serviceMac;
  const ipam = {
    ...when("IPv4Address", place.ipv4_address),
    ...when("IPv6Address", place.ipv6_address),
    ...when("LinkLocalIPs", place.link_local_ips && [...place.link_local_ips]),
  };
  const options = { ...place.driver_opts, ...when(interfaceNameOption, place.interface_name) };
  return {
    Aliases: [...new Set([service.name, ...place.aliases])],
    ...(Object.keys(ipam).length > 0 ? { IPAMConfig: ipam } : {}),
    ...when("MacAddress", mac),
    ...when("GwPriority", place.gw_priority),
    ...(Object.keys(options).length > 0 ? { DriverOpts: options } : {}),
  };
}

function withLinks(links: readonly string[]): EndpointSettings {
  return links.length > 0 ? { Links: [...links] } : {};
}
