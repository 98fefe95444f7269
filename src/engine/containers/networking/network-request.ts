/** Which networks a create request asks for, and the sandbox to make of them at start. Pure. */
import { GantryError } from "../../../base/errors.js";
import type { ContainerConfig, HostConfig, PortMap } from "../../../wire/container.js";
import type { EndpointSettings } from "../../../wire/network.js";
import type { SandboxRequest } from "../../networks/networks.js";
import type { ContainerRecord } from "../record/container-record.js";
import { checkEndpoint } from "./check-networking.js";

type Endpoints = Readonly<Record<string, EndpointSettings>>;

/**
 * The endpoints by network name or id: those asked for, and the network mode's own, which gets the links of the host
 * configuration and the container-wide MAC address of clients before API 1.44. The modes host, none and container have
 * none. Throws "bad-parameter" when addresses or more networks are asked of such a mode, or what cannot be.
 */
export function requestedEndpoints(
  hostConfig: HostConfig,
  asked: Record<string, EndpointSettings | null> | null | undefined,
  macAddress = "",
): Endpoints {
  const mode = hostConfig.NetworkMode ?? "bridge";
  const named = Object.entries(asked ?? {}).map(
    ([name, settings]) => [name === "default" ? "bridge" : name, settings ?? {}] as const,
  );
  if (!hasNetworks(mode)) {
    const others = named.filter(([name]) => name !== mode);
    if (others.length === 0) return {};
    throw new GantryError("bad-parameter", `conflicting options: cannot attach both user-defined and ${mode} networks`);
  }
  const endpoints: Endpoints = named.some(([name]) => name === mode)
    ? Object.fromEntries(named)
    : { [mode]: {}, ...Object.fromEntries(named) };
  for (const [name, settings] of Object.entries(endpoints)) checkEndpoint(name, settings);
  return { ...endpoints, [mode]: mainEndpoint(endpoints[mode] ?? {}, { hostConfig, mode, macAddress }) };
}

function mainEndpoint(
  settings: EndpointSettings,
  { hostConfig, mode, macAddress }: { hostConfig: HostConfig; mode: string; macAddress: string },
): EndpointSettings {
  if (macAddress && settings.MacAddress && settings.MacAddress !== macAddress) {
    const what = "the container-wide MAC address must match the endpoint-specific MAC address for the main network";
    throw new GantryError("bad-parameter", `${what}, or be left empty`);
  }
  // On the default bridge there is no DNS to know them: they become lines of /etc/hosts.
  const links = mode === "bridge" ? [] : (hostConfig.Links ?? []);
  return {
    ...settings,
    ...(macAddress ? { MacAddress: macAddress } : {}),
    ...(links.length > 0 ? { Links: [...new Set([...(settings.Links ?? []), ...links])] } : {}),
  };
}

/** True for the modes in which a container has a network namespace with interfaces of its own. */
export function hasNetworks(mode: string): boolean {
  return mode !== "host" && mode !== "none" && !mode.startsWith("container:");
}

/** Bindings and exposed ports in one map; `PublishAllPorts` gives each exposed one a free host port. */
export function wantedPorts(config: ContainerConfig, hostConfig: HostConfig): PortMap {
  const ports: PortMap = {};
  for (const port of Object.keys(config.ExposedPorts ?? {})) {
    ports[withProtocol(port)] = hostConfig.PublishAllPorts ? [{ HostIp: "", HostPort: "" }] : null;
  }
  for (const [port, bindings] of Object.entries(hostConfig.PortBindings ?? {})) {
    ports[withProtocol(port)] = bindings?.length ? bindings : [{ HostIp: "", HostPort: "" }];
  }
  return ports;
}

/** `networkContainerId` is the resolved id for the mode `container:…`. */
export function sandboxRequest(record: ContainerRecord, networkContainerId: string | undefined): SandboxRequest {
  const { hostConfig, config } = record;
  return {
    containerId: record.id,
    name: record.name,
    mode: sandboxMode(record, networkContainerId),
    ports: hasNetworks(hostConfig.NetworkMode ?? "bridge") ? wantedPorts(config, hostConfig) : {},
    dnsServers: hostConfig.Dns ?? [],
    sysctls: Object.fromEntries(Object.entries(hostConfig.Sysctls ?? {}).filter(([key]) => key.startsWith("net."))),
    ...(record.state.standby ? { standby: true } : {}),
  };
}

function sandboxMode(record: ContainerRecord, networkContainerId: string | undefined): SandboxRequest["mode"] {
  const mode = record.hostConfig.NetworkMode ?? "bridge";
  if (record.config.NetworkDisabled || mode === "none") return { kind: "none" };
  if (mode === "host") return { kind: "host" };
  if (networkContainerId !== undefined) return { kind: "container", containerId: networkContainerId };
  const endpoints = Object.entries(record.endpoints).map(([network, settings]) => ({ network, settings }));
  return { kind: "networks", endpoints };
}

function withProtocol(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}
