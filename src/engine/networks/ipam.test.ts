import { expect, it } from "vitest";
import { addressPlan, freeAddress, freeSubnet, plannedPools, staticAddress } from "./ipam.js";
import { formatIpv4, formatSubnet, parseIpv4, parseSubnet, type Subnet } from "./ipv4.js";

const subnets = (...texts: string[]) => texts.map((text) => parseSubnet(text) as Subnet);
const address = (text: string) => parseIpv4(text) as number;
const plan = (pool: Parameters<typeof addressPlan>[0][number]) => {
  const found = addressPlan([pool]);
  if (!found) throw new Error("no plan");
  return found;
};
const none = { networks: [], host: [] };

it("gives networks /20s from 10.90.0.0 on, and skips whatever overlaps", () => {
  expect(formatSubnet(freeSubnet([]))).toBe("10.90.0.0/20");
  expect(formatSubnet(freeSubnet(subnets("10.90.0.0/24", "10.90.31.8/29")))).toBe("10.90.32.0/20");
  expect(formatSubnet(freeSubnet(subnets("10.0.0.0/8")))).toBe("172.16.0.0/20");
});

it("says so in Docker's words when no subnet is left", () => {
  expect(() => freeSubnet(subnets("10.0.0.0/8", "172.16.0.0/12"))).toThrow(/non-overlapping IPv4 address pool/);
});

it("fills in subnet and gateway, and keeps what the user gave", () => {
  expect(plannedPools(null, none)).toEqual([{ Subnet: "10.90.0.0/20", Gateway: "10.90.0.1" }]);
  const pool = { Subnet: "10.1.2.0/24", Gateway: "10.1.2.254", IPRange: "10.1.2.128/25" };
  expect(plannedPools({ Config: [pool] }, none)).toEqual([pool]);
  expect(plannedPools({ Config: [{ Subnet: "fd00::/64" }] }, none)).toEqual([
    { Subnet: "10.90.0.0/20", Gateway: "10.90.0.1" },
    { Subnet: "fd00::/64" },
  ]);
});

it("refuses a subnet of another network, but lets the user have one that the host routes", () => {
  const config = { Config: [{ Subnet: "10.1.2.0/24" }] };
  const taken = subnets("10.1.0.0/16");
  expect(() => plannedPools(config, { networks: taken, host: [] })).toThrow(
    "Pool overlaps with other one on this address space",
  );
  expect(plannedPools(config, { networks: [], host: taken })).toHaveLength(1);
});

it.each([
  [{ Subnet: "10.1.2.3/24" }, /it should be 10.1.2.0\/24/],
  [{ Subnet: "10.1.2.0/33" }, /invalid CIDR/],
  [{ Subnet: "10.1.2.0/31" }, /no room/],
  [{ Subnet: "ten" }, /invalid CIDR/],
  [{ Subnet: "10.1.2.0/24", Gateway: "10.1.3.1" }, /invalid gateway/],
  [{ Subnet: "10.1.2.0/24", IPRange: "10.1.3.0/25" }, /not within/],
  [{ Subnet: "10.1.2.0/24", AuxiliaryAddresses: { router: "1.2.3.4" } }, /invalid auxiliary address/],
])("refuses %j", (pool, reason) => {
  expect(() => plannedPools({ Config: [pool] }, none)).toThrow(reason);
});

it("hands out the lowest free address, never the network's, the gateway's, the broadcast's or an auxiliary one", () => {
  const small = plan({ Subnet: "10.1.2.0/29", Gateway: "10.1.2.1", AuxiliaryAddresses: { printer: "10.1.2.2" } });
  const used = new Set<number>();
  const next = () => {
    const free = freeAddress(small, used);
    used.add(free);
    return formatIpv4(free);
  };
  expect([next(), next(), next(), next()]).toEqual(["10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6"]);
  expect(next).toThrow("no available IPv4 addresses");
  used.delete(address("10.1.2.4"));
  expect(next()).toBe("10.1.2.4");
});

it("keeps to the IP range", () => {
  const ranged = plan({ Subnet: "10.1.0.0/16", Gateway: "10.1.0.1", IPRange: "10.1.5.0/24" });
  expect(formatIpv4(freeAddress(ranged, new Set()))).toBe("10.1.5.0");
});

it("gives a static address that is free, and refuses others in Docker's words", () => {
  const pool = plan({ Subnet: "10.1.2.0/24", Gateway: "10.1.2.1" });
  const used = new Set([address("10.1.2.9")]);
  const ask = (IPv4Address: string) => staticAddress({ IPAMConfig: { IPv4Address } }, pool, { network: "front", used });
  expect(ask("10.1.2.7")).toBe(address("10.1.2.7"));
  expect(() => ask("10.1.2.9")).toThrow("Address already in use");
  expect(() => ask("10.1.2.1")).toThrow("Address already in use");
  expect(() => ask("10.9.9.9")).toThrow("no configured subnet contains IP address 10.9.9.9");
  expect(staticAddress({}, pool, { network: "front", used })).toBeUndefined();
});
