/** What of a create or connect request about networks is refused, by Docker's texts. Pure. */
import { isIP } from "node:net";
import { GantryError } from "../../../base/errors.js";
import type { ContainerConfig, HostConfig } from "../../../wire/container.js";
import type { EndpointSettings } from "../../../wire/network.js";
import { parseMac } from "../../networks/addresses/mac.js";
import { endpointOptions } from "../../networks/endpoint-options.js";
import { portRequests } from "../../networks/ports/published-ports.js";
import { parseLink } from "./links.js";
import { wantedPorts } from "./network-request.js";

/** `config` is the request's own, without what the image brings. Throws "bad-parameter", "not-supported". */
export function checkNetworking(config: ContainerConfig, hostConfig: HostConfig): void {
  const mode = hostConfig.NetworkMode ?? "bridge";
  if (mode.startsWith("container:")) checkSharedNetwork(config, hostConfig);
  if (mode === "host" && hostConfig.Links?.length) {
    refuse(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  }
  for (const link of hostConfig.Links ?? []) parseLink(link);
  for (const address of hostConfig.Dns ?? []) if (!isIP(address)) refuse(`invalid IP address: ${address}`);
  for (const entry of hostConfig.ExtraHosts ?? []) checkExtraHost(entry);
  if (config.MacAddress && !parseMac(config.MacAddress)) refuse(`invalid MAC address: ${config.MacAddress}`);
  portRequests(wantedPorts(config, hostConfig));
}

/** `network` is the name under which it is asked for. Throws "bad-parameter", "not-supported". */
export function checkEndpoint(network: string, settings: EndpointSettings): void {
  const invalid = (reason: string) =>
    refuse(`invalid config for network ${network}: invalid endpoint settings:\n${reason}`);
  const { IPv4Address, IPv6Address, LinkLocalIPs } = settings.IPAMConfig ?? {};
  if (IPv4Address && isIP(IPv4Address) !== 4) invalid(`invalid IPv4 address: ${IPv4Address}`);
  if (IPv6Address && isIP(IPv6Address) !== 6) invalid(`invalid IPv6 address: ${IPv6Address}`);
  for (const address of LinkLocalIPs ?? []) if (!isIP(address)) invalid(`invalid link-local IP address: ${address}`);
  if (settings.MacAddress && !parseMac(settings.MacAddress)) invalid(`invalid MAC address: ${settings.MacAddress}`);
  for (const link of settings.Links ?? []) parseLink(link);
  endpointOptions(settings);
  if (network !== "bridge") return;
  if (IPv4Address || IPv6Address) invalid("user specified IP address is supported on user defined networks only");
  if (settings.Aliases?.length) invalid("network-scoped aliases are only supported for user-defined networks");
}

function checkSharedNetwork(config: ContainerConfig, hostConfig: HostConfig): void {
  const conflict = (what: string) => refuse(`conflicting options: ${what}`);
  if (config.Hostname) conflict("hostname and the network mode");
  if (hostConfig.Links?.length) {
    conflict("container type network can't be used with links. This would result in undefined behavior");
  }
  if (hostConfig.Dns?.length) conflict("dns and the network mode");
  if (hostConfig.ExtraHosts?.length) conflict("custom host-to-IP mapping and the network mode");
  if (config.MacAddress) conflict("mac-address and the network mode");
  if (Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts) {
    conflict("port publishing and the container type network mode");
  }
  if (Object.keys(config.ExposedPorts ?? {}).length > 0) {
    conflict("port exposing and the container type network mode");
  }
}

function checkExtraHost(entry: string): void {
  const at = entry.search(/[:=]/);
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if (at <= 0 || /\s/.test(entry)) refuse(`bad format for add-host: "${entry}"`);
  if (address !== "host-gateway" && !isIP(address)) refuse(`invalid IP address in add-host: "${address}"`);
}

function refuse(message: string): never {
  throw new GantryError("bad-parameter", message);
}
