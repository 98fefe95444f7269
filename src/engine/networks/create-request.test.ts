import { expect, it } from "vitest";
import type { NetworkCreateBody } from "../../wire/network.js";
import { checkCreateBody, createWarning } from "./create-request.js";
import { endpointOptions } from "./endpoint-options.js";

const option = (name: string, value: string): NetworkCreateBody => ({
  Name: "a",
  Options: { [`com.docker.network.${name}`]: value },
});
const macvlan = (Options: Record<string, string>): NetworkCreateBody => ({ Name: "a", Driver: "macvlan", Options });

it.each<[NetworkCreateBody, RegExp]>([
  [{ Name: "" }, /network name/],
  [{ Name: "a b" }, /network name/],
  [{ Name: "host" }, /predefined host network/],
  [{ Name: "a", Driver: "overlay" }, /driver overlay/],
  [{ Name: "a", Driver: "ipvlan" }, /driver ipvlan/],
  [{ Name: "a", Driver: "host" }, /only one instance of "host" network is allowed/],
  [{ Name: "a", Driver: "weave" }, /could not find plugin weave/],
  [{ Name: "a", Scope: "swarm" }, /scope swarm/],
  [{ Name: "a", Ingress: true }, /Ingress/],
  [{ Name: "a", ConfigOnly: true }, /ConfigOnly/],
  [{ Name: "a", ConfigFrom: { Network: "b" } }, /ConfigFrom/],
  [{ Name: "a", EnableIPv4: false }, /IPv4 or IPv6 must be enabled/],
  [{ Name: "a", IPAM: { Driver: "dhcp" } }, /IPAM driver/],
  [{ Name: "a", IPAM: { Config: [{ Subnet: "10.1.0.0/24" }, { Subnet: "10.2.0.0/24" }] } }, /multiple subnets/],
  [option("driver.mtu", "nine"), /mtu/],
  [option("bridge.name", 'x" accept; "'), /bridge.name/],
  [option("bridge.name", "e*"), /bridge.name/],
  [option("bridge.enable_icc", "maybe"), /enable_icc: maybe/],
  [option("bridge.host_binding_ipv4", "::1"), /host_binding_ipv4/],
  [option("bridge.gateway_mode_ipv4", "routed"), /gateway_mode_ipv4=routed is not supported/],
  [option("bridge.trusted_host_interfaces", "eth0"), /trusted_host_interfaces is not supported/],
  [macvlan({}), /needs the option parent/],
  [macvlan({ parent: "lo" }), /parent interface: lo/],
  [macvlan({ parent: "eth0", macvlan_mode: "loud" }), /macvlan mode 'loud' is not valid/],
  [macvlan({ parent: "eth0", speed: "1" }), /unknown macvlan option: speed/],
])("refuses to create %j", (body, reason) => {
  expect(() => checkCreateBody(body)).toThrow(reason);
});

it("takes what it honours, and options of others", () => {
  checkCreateBody({ Name: "a", Driver: "default", Scope: "local", Options: { vendor: "x" } });
  checkCreateBody({
    Name: "a",
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: "10.1.0.0/24" }, { Subnet: "fd00::/64" }] },
  });
  checkCreateBody(option("bridge.gateway_mode_ipv6", "nat-unprotected"));
  checkCreateBody(macvlan({ parent: "eth0.10", macvlan_mode: "passthru" }));
});

it("warns of a subnet whose family is not enabled", () => {
  const IPAM = { Config: [{ Subnet: "fd00::/64" }] };
  expect(createWarning({ Name: "a", IPAM })).toBe("fd00::/64 is not used: its address family is not enabled");
  expect(createWarning({ Name: "a", IPAM, EnableIPv6: true })).toBe("");
});

it("reads an endpoint's interface name and settings, and refuses what is neither", () => {
  const ask = (key: string, value: string) =>
    endpointOptions({ DriverOpts: { [`com.docker.network.endpoint.${key}`]: value } });
  expect(ask("ifname", "wan0").name).toBe("wan0");
  expect(ask("sysctls", "net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.accept_ra=0").sysctls).toEqual([
    { path: ["net", "ipv4", "conf", "IFNAME", "log_martians"], value: "1" },
    { path: ["net", "ipv6", "conf", "IFNAME", "accept_ra"], value: "0" },
  ]);
  expect(() => ask("ifname", "../../x")).toThrow("invalid interface name");
  expect(() => ask("ifname", "lo")).toThrow("invalid interface name");
  expect(() => ask("sysctls", "net.ipv4.conf.eth0.log_martians=1")).toThrow("invalid sysctl");
  expect(() => ask("sysctls", "net.ipv4.ip_forward=1")).toThrow("invalid sysctl");
  expect(() => ask("speed", "1")).toThrow("endpoint.speed is not supported");
});
