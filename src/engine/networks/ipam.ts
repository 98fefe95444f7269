/**
 * Which subnet a network gets, and which address an endpoint gets. Pure: what is taken is an argument.
 *
 * Networks without a subnet of their own get /20s (4093 containers) from 10.90.0.0–10.127.255.255 (608 of them), then
 * from 172.16.0.0/12 (256 more): ranges that neither home routers nor Docker's first defaults nor k3s use, and of these
 * none that the host routes or has an address in.
 */
import { GantryError } from "../../base/errors.js";
import type { EndpointSettings, Ipam, IpamPool } from "../../wire/network.js";
import {
  containsAddress,
  formatIpv4,
  formatSubnet,
  lastAddress,
  overlaps,
  parseIpv4,
  parseSubnet,
  type Subnet,
} from "./ipv4.js";

const poolPrefix = 20;
const pools = ["10.90.0.0-10.127.255.255", "172.16.0.0-172.31.255.255"];

/** A bridge network's IPv4 range. Addresses are handed out within `range`, never those of `reserved`. */
export interface AddressPlan {
  readonly subnet: Subnet;
  readonly gateway: number;
  readonly range: Subnet;
  readonly reserved: ReadonlySet<number>;
}

/** The first pool subnet that overlaps nothing in `taken`. Throws "network-conflict" when none is left. */
export function freeSubnet(taken: readonly Subnet[]): Subnet {
  for (const pool of pools) {
    const [from = 0, to = 0] = pool.split("-").map((text) => parseIpv4(text));
    for (let base = from; base < to; base += 2 ** (32 - poolPrefix)) {
      const candidate = { base, prefix: poolPrefix };
      if (!taken.some((other) => overlaps(candidate, other))) return candidate;
    }
  }
  throw new GantryError(
    "network-conflict",
    "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
    { hint: "Remove unused networks, or give this one a subnet (ipam)." },
  );
}

/**
 * The pools of a new network, complete: subnet and gateway filled in; IPv6 pools are kept as they came.
 *
 * @param networks subnets of the engine's other networks: an overlap with them is refused
 * @param host ranges that the host uses: the automatic choice avoids them as well
 */
export function plannedPools(
  ipam: Ipam | null | undefined,
  { networks, host }: { networks: readonly Subnet[]; host: readonly Subnet[] },
): IpamPool[] {
  const config = ipam?.Config ?? [];
  const v4 = config.filter((pool) => !pool.Subnet?.includes(":"));
  if (v4.length > 1) throw new GantryError("bad-parameter", "bridge networks take one IPv4 subnet");
  const [wanted = {}] = v4;
  const subnet = wanted.Subnet ? validSubnet(wanted.Subnet) : freeSubnet([...networks, ...host]);
  if (networks.some((other) => overlaps(subnet, other))) {
    throw new GantryError("subnet-overlap", "Pool overlaps with other one on this address space");
  }
  const pool: IpamPool = { ...wanted, Subnet: formatSubnet(subnet) };
  pool.Gateway = wanted.Gateway || formatIpv4(subnet.base + 1);
  addressPlan([pool]); // refuses a gateway, a range or an auxiliary address outside of the subnet
  return [pool, ...config.filter((other) => !v4.includes(other))];
}

/** Reads complete pools. Undefined when there is no IPv4 pool. Throws "bad-parameter". */
export function addressPlan(config: readonly IpamPool[]): AddressPlan | undefined {
  const pool = config.find(({ Subnet: subnet }) => subnet && !subnet.includes(":"));
  if (!pool?.Subnet) return undefined;
  const subnet = validSubnet(pool.Subnet);
  const range = pool.IPRange ? validSubnet(pool.IPRange) : subnet;
  if (!containsAddress(subnet, range.base) || range.prefix < subnet.prefix) {
    throw new GantryError("bad-parameter", `IP range ${pool.IPRange} is not within subnet ${pool.Subnet}`);
  }
  const gateway = addressWithin(subnet, pool.Gateway ?? "", "gateway");
  const auxiliary = Object.values(pool.AuxiliaryAddresses ?? {}).map((text) =>
    addressWithin(subnet, text, "auxiliary address"),
  );
  return { subnet, gateway, range, reserved: new Set([subnet.base, lastAddress(subnet), gateway, ...auxiliary]) };
}

/** The lowest free address of the range. Throws "network-conflict" when it is full. */
export function freeAddress({ range, reserved }: AddressPlan, used: { has(address: number): boolean }): number {
  for (let address = range.base; address <= lastAddress(range); address += 1) {
    if (!reserved.has(address) && !used.has(address)) return address;
  }
  throw new GantryError("network-conflict", "no available IPv4 addresses on this network's address pools");
}

/** The address that an endpoint asks for (`IPAMConfig.IPv4Address`), checked; undefined when it takes any. */
export function staticAddress(
  settings: EndpointSettings,
  plan: AddressPlan,
  { network, used }: { network: string; used: { has(address: number): boolean } },
): number | undefined {
  const text = settings.IPAMConfig?.IPv4Address;
  if (!text) return undefined;
  const address = parseIpv4(text);
  if (address === undefined || !containsAddress(plan.subnet, address)) {
    const reason = `invalid endpoint settings:\nno configured subnet contains IP address ${text}`;
    throw new GantryError("bad-parameter", `invalid config for network ${network}: ${reason}`);
  }
  if (used.has(address) || [plan.subnet.base, lastAddress(plan.subnet), plan.gateway].includes(address)) {
    throw new GantryError("address-in-use", "Address already in use", {
      hint: `${text} on network ${network} belongs to another container; give one of them another ipv4_address.`,
    });
  }
  return address;
}

function validSubnet(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (!subnet) throw new GantryError("bad-parameter", `invalid subnet ${text}: invalid CIDR block notation`);
  if (formatSubnet(subnet) !== text) {
    throw new GantryError("bad-parameter", `invalid subnet ${text}: it should be ${formatSubnet(subnet)}`);
  }
  if (subnet.prefix < 1 || subnet.prefix > 30) {
    throw new GantryError("bad-parameter", `invalid subnet ${text}: no room for a gateway and a container`);
  }
  return subnet;
}

function addressWithin(subnet: Subnet, text: string, what: string): number {
  const address = parseIpv4(text);
  if (address !== undefined && containsAddress(subnet, address)) return address;
  throw new GantryError("bad-parameter", `invalid ${what} ${text}: it is not within subnet ${formatSubnet(subnet)}`);
}
