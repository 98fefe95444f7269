import { expect, it } from "vitest";
import type { IpamPool } from "../../../wire/network.js";
import { type Family, formatAddress, formatSubnet, parseAddress, parseSubnet, type Subnet } from "./ip.js";
import { addressPlans, freeAddress, freeSubnet, plannedPools, staticAddress, ulaOf, unusedPools } from "./ipam.js";

const subnets = (...texts: string[]) => texts.map((text) => parseSubnet(text) as Subnet);
const value = (text: string) => parseAddress(text)?.value as bigint;
const ula = ulaOf("0123456789abcdef");
const ipv4 = { networks: [], host: [], ula, families: [4] as Family[] };
const dual = { ...ipv4, families: [4, 6] as Family[] };
const free = (family: Family, ...taken: string[]) => formatSubnet(freeSubnet(family, subnets(...taken), ula));

it("gives networks /20s from 10.90.0.0 on, and skips whatever overlaps", () => {
  expect(free(4)).toBe("10.90.0.0/20");
  expect(free(4, "10.90.0.0/24", "10.90.31.8/29")).toBe("10.90.32.0/20");
  expect(free(4, "10.0.0.0/8")).toBe("172.16.0.0/20");
});

it("gives networks /64s of the engine's own unique local range", () => {
  expect(formatSubnet(ula)).toBe("fd01:2345:6789::/48");
  expect(free(6)).toBe("fd01:2345:6789::/64");
  expect(free(6, "fd01:2345:6789::/63", "0.0.0.0/0")).toBe("fd01:2345:6789:2::/64");
});

it("says so in Docker's words when no subnet is left", () => {
  expect(() => free(4, "10.0.0.0/8", "172.16.0.0/12")).toThrow(/non-overlapping IPv4 address pool/);
  expect(() => free(6, "fc00::/7")).toThrow(/non-overlapping IPv6 address pool/);
});

it("fills in subnet and gateway, and keeps what the user gave", () => {
  expect(plannedPools(null, ipv4)).toEqual([{ Subnet: "10.90.0.0/20", Gateway: "10.90.0.1" }]);
  const pool = { Subnet: "10.1.2.0/24", Gateway: "10.1.2.254", IPRange: "10.1.2.128/25" };
  expect(plannedPools({ Config: [pool] }, ipv4)).toEqual([pool]);
  const auxiliary = { Subnet: "10.1.2.0/24", AuxiliaryAddresses: { router: "10.1.2.1" } };
  expect(plannedPools({ Config: [auxiliary] }, ipv4)).toEqual([{ ...auxiliary, Gateway: "10.1.2.2" }]);
});

it("gives each family a pool, several if they are asked for, and none to a family that is not enabled", () => {
  expect(plannedPools({ Config: [{ Subnet: "FD00:0::/64" }] }, dual)).toEqual([
    { Subnet: "10.90.0.0/20", Gateway: "10.90.0.1" },
    { Subnet: "fd00::/64", Gateway: "fd00::1" },
  ]);
  expect(plannedPools(null, { ...dual, families: [6] })).toEqual([
    { Subnet: "fd01:2345:6789::/64", Gateway: "fd01:2345:6789::1" },
  ]);
  const config = [{ Subnet: "10.1.2.0/24" }, { Subnet: "10.1.3.0/24" }, { Subnet: "fd00::/64" }];
  expect(plannedPools({ Config: config }, ipv4).map(({ Subnet }) => Subnet)).toEqual(["10.1.2.0/24", "10.1.3.0/24"]);
  expect(unusedPools({ Config: config }, [4])).toEqual(["fd00::/64"]);
});

it("refuses a subnet of another network, or twice, but lets the user have one that the host routes", () => {
  const config = { Config: [{ Subnet: "10.1.2.0/24" }] };
  const taken = subnets("10.1.0.0/16");
  const overlap = "Pool overlaps with other one on this address space";
  expect(() => plannedPools(config, { ...ipv4, networks: taken })).toThrow(overlap);
  expect(() => plannedPools({ Config: [...config.Config, ...config.Config] }, ipv4)).toThrow(overlap);
  expect(plannedPools(config, { ...ipv4, host: taken })).toHaveLength(1);
});

it.each<[IpamPool, RegExp]>([
  [{ Subnet: "10.1.2.3/24" }, /it should be 10.1.2.0\/24/],
  [{ Subnet: "10.1.2.0/33" }, /invalid CIDR/],
  [{ Subnet: "10.1.2.0/31" }, /no room/],
  [{ Subnet: "fd00::1/64" }, /it should be fd00::\/64/],
  [{ Subnet: "fd00::/127" }, /no room/],
  [{ Subnet: "ten" }, /invalid CIDR/],
  [{ Subnet: "10.1.2.0/24", Gateway: "10.1.3.1" }, /invalid gateway/],
  [{ Subnet: "10.1.2.0/24", Gateway: "fd00::1" }, /invalid gateway/],
  [{ Subnet: "10.1.2.0/24", IPRange: "10.1.3.0/25" }, /parent subnet is 10.1.2.0\/24/],
  [{ Subnet: "10.1.2.0/24", AuxiliaryAddresses: { router: "1.2.3.4" } }, /invalid auxiliary address/],
  [{ Gateway: "10.1.2.1" }, /without a subnet/],
])("refuses %j", (pool, reason) => {
  expect(() => plannedPools({ Config: [pool] }, dual)).toThrow(reason);
});

it("hands out the lowest free address, never the network's, the gateway's, the broadcast's or an auxiliary one", () => {
  const small = { Subnet: "10.1.2.0/29", Gateway: "10.1.2.1", AuxiliaryAddresses: { printer: "10.1.2.2" } };
  const plans = addressPlans([small]);
  const used = new Set<bigint>();
  const next = () => {
    const { address } = freeAddress(plans, used);
    used.add(address.value);
    return formatAddress(address);
  };
  expect([next(), next(), next(), next()]).toEqual(["10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6"]);
  expect(next).toThrow("no available IPv4 addresses on this network's address pools");
  used.delete(value("10.1.2.4"));
  expect(next()).toBe("10.1.2.4");
});

it("keeps to the IP range, and goes on to the next pool when it is full", () => {
  const pools = [
    { Subnet: "10.1.0.0/16", Gateway: "10.1.0.1", IPRange: "10.1.5.0/31" },
    { Subnet: "10.2.0.0/16", Gateway: "10.2.0.1" },
  ];
  const next = (...used: string[]) =>
    formatAddress(freeAddress(addressPlans(pools, 4), new Set(used.map(value))).address);
  expect([next(), next("10.1.5.0"), next("10.1.5.0", "10.1.5.1")]).toEqual(["10.1.5.0", "10.1.5.1", "10.2.0.2"]);
});

it("gives a static address that is free, and refuses others in Docker's words", () => {
  const used = new Set([value("10.1.2.9"), value("fd00::9")]);
  const place = { network: "front", used };
  const [four, six] = ([4, 6] as const).map((family) => ({
    family,
    plans: addressPlans([
      { Subnet: "10.1.2.0/24", Gateway: "10.1.2.1" },
      { Subnet: "fd00::/64", Gateway: "fd00::1" },
    ]).filter(({ subnet }) => subnet.family === family),
  })) as [{ family: Family; plans: [] }, { family: Family; plans: [] }];
  const ask = (IPv4Address: string) => staticAddress({ IPAMConfig: { IPv4Address } }, four, place)?.address.value;
  const ask6 = (IPv6Address: string) => staticAddress({ IPAMConfig: { IPv6Address } }, six, place)?.address.value;
  expect([ask("10.1.2.7"), ask6("fd00::7")]).toEqual([value("10.1.2.7"), value("fd00::7")]);
  for (const taken of ["10.1.2.9", "10.1.2.1"]) expect(() => ask(taken)).toThrow("Address already in use");
  for (const taken of ["fd00::9", "fd00::1"]) expect(() => ask6(taken)).toThrow("Address already in use");
  expect(() => ask("10.9.9.9")).toThrow("no configured subnet contains IP address 10.9.9.9");
  expect(() => ask6("fd01::9")).toThrow("no configured subnet contains IP address fd01::9");
  expect(() => ask("fd00::7")).toThrow("invalid IPv4 address: fd00::7");
  expect(staticAddress({}, four, place)).toBeUndefined();
});
