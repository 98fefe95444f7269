import { expect, it } from "vitest";
import type { ContainerConfig, HostConfig } from "../../../wire/container.js";
import type { EndpointSettings } from "../../../wire/network.js";
import { checkEndpoint, checkNetworking } from "./check-networking.js";

const shared = { NetworkMode: "container:db" };
it.each<[ContainerConfig, HostConfig, RegExp]>([
  [{ Hostname: "web" }, shared, /hostname and the network mode/],
  [{}, { ...shared, Links: ["db"] }, /container type network can't be used with links/],
  [{}, { ...shared, Dns: ["1.1.1.1"] }, /dns and the network mode/],
  [{}, { ...shared, ExtraHosts: ["a:1.1.1.1"] }, /custom host-to-IP mapping and the network mode/],
  [{ MacAddress: "02:00:00:00:00:01" }, shared, /mac-address and the network mode/],
  [{}, { ...shared, PortBindings: { "80/tcp": [{}] } }, /port publishing and the container type network mode/],
  [{ ExposedPorts: { "80/tcp": {} } }, shared, /port exposing and the container type network mode/],
  [{}, { NetworkMode: "host", Links: ["db"] }, /host type networking can't be used with links/],
  [{}, { Links: ["db:a b"] }, /invalid format for links/],
  [{}, { Dns: ["dns.example"] }, /invalid IP address: dns.example/],
  [{}, { ExtraHosts: ["nothing"] }, /bad format for add-host/],
  [{}, { ExtraHosts: ["a:b"] }, /invalid IP address in add-host: "b"/],
  [{}, { ExtraHosts: ["a b:1.1.1.1"] }, /bad format for add-host/],
  [{ MacAddress: "x" }, {}, /invalid MAC address/],
  [{}, { PortBindings: { "80/icmp": [{}] } }, /invalid proto/],
])("refuses %j with %j", (config, hostConfig, reason) => {
  expect(() => checkNetworking(config, hostConfig)).toThrow(reason);
});

it.each<[string, EndpointSettings, RegExp]>([
  ["bridge", { IPAMConfig: { IPv4Address: "10.1.2.3" } }, /supported on user defined networks only/],
  ["bridge", { Aliases: ["web"] }, /network-scoped aliases/],
  ["front", { IPAMConfig: { IPv4Address: "fd00::1" } }, /invalid IPv4 address/],
  ["front", { IPAMConfig: { IPv6Address: "10.1.2.3" } }, /invalid IPv6 address/],
  ["front", { IPAMConfig: { LinkLocalIPs: ["near"] } }, /invalid link-local IP address/],
  ["front", { MacAddress: "01:00:00:00:00:00" }, /invalid MAC address/],
  ["front", { Links: [":"] }, /invalid format for links/],
])("refuses the endpoint %s %j", (network, settings, reason) => {
  expect(() => checkEndpoint(network, settings)).toThrow(reason);
});

it("takes what can be", () => {
  const Links = ["db", "/other:alias"];
  const hosts = { ExtraHosts: ["a:1.1.1.1", "b=[fd00::1]", "c:host-gateway"], Dns: ["fd00::1"] };
  checkNetworking({ MacAddress: "02:00:00:00:00:01", Hostname: "web" }, { Links, ...hosts, NetworkMode: "front" });
  checkEndpoint("front", { Aliases: ["web"], IPAMConfig: { IPv6Address: "fd00::2", LinkLocalIPs: ["169.254.1.2"] } });
});
