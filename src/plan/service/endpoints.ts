/** A service's places in its networks. Pure; the Docker Engine API's EndpointSettings. */
import type { Project, Service, ServiceNetwork } from "../../compose/project.js";
import type { EndpointSettings } from "../../wire/network.js";
import { when } from "./when.js";

/** The service's places in its networks, by network name, the main one first: highest priority, then key. */
export function endpointsOf(project: Project, service: Service): Map<string, EndpointSettings> {
  const ordered = [...service.networks].sort(
    ([a, first], [b, second]) => (second.priority ?? 0) - (first.priority ?? 0) || (a < b ? -1 : 1),
  );
  return new Map(
    ordered.map(([key, place], at): [string, EndpointSettings] => [
      project.networks.get(key)?.name ?? key,
      endpoint(service, place, at === 0 ? service.mac_address : undefined),
    ]),
  );
}

/** The engine adds the container's name and short id itself. */
function endpoint(service: Service, place: ServiceNetwork, serviceMac: string | undefined): EndpointSettings {
  const mac = place.mac_address ?? serviceMac;
  const ipam = { ...when("IPv4Address", place.ipv4_address), ...when("IPv6Address", place.ipv6_address) };
  return {
    Aliases: [...new Set([service.name, ...place.aliases])],
    ...(Object.keys(ipam).length > 0 ? { IPAMConfig: ipam } : {}),
    ...when("MacAddress", mac),
    ...when("GwPriority", place.gw_priority),
    ...(Object.keys(place.driver_opts).length > 0 ? { DriverOpts: { ...place.driver_opts } } : {}),
  };
}
