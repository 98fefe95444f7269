/**
 * Which subnets a network gets, and which addresses an endpoint gets. Pure: what is taken is an argument.
 *
 * Networks without an IPv4 subnet of their own get /20s (4093 containers) from 10.90.0.0–10.127.255.255 (608 of them),
 * then from 172.16.0.0/12 (256 more): ranges that neither home routers nor Docker's first defaults nor k3s use. IPv6
 * ones get /64s of a unique local /48 (RFC 4193) that belongs to the engine. Of these none that the host routes or has
 * an address in.
 */
import { GantryError } from "../../../base/errors.js";
import type { EndpointSettings, Ipam, IpamPool } from "../../../wire/network.js";
import {
  type Address,
  bitsOf,
  containsAddress,
  type Family,
  formatAddress,
  formatSubnet,
  lastAddress,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
} from "./ip.js";

const ipv4Pools = ["10.90.0.0-10.128.0.0", "172.16.0.0-172.32.0.0"];
const poolPrefix = { 4: 20, 6: 64 };
/** Networks of an engine that have no IPv6 subnet of their own: as many as a /48 has /64s. */
const ulaNetworks = 65536n;

/** One pool, read: addresses come from `range`, never those of `reserved`. */
export interface AddressPlan {
  readonly subnet: Subnet;
  readonly gateway: Address;
  readonly range: Subnet;
  readonly reserved: ReadonlySet<bigint>;
}

/** What limits the choice of new pools. */
export interface PoolChoice {
  /** Subnets of the engine's other networks: an overlap with them is refused. */
  readonly networks: readonly Subnet[];
  /** Ranges that the host uses: the automatic choice avoids them as well. */
  readonly host: readonly Subnet[];
  /** The /48 that IPv6 subnets are taken from. */
  readonly ula: Subnet;
  readonly families: readonly Family[];
}

/** The engine's own /48, made of the first ten hexadecimal digits of `hash`: unlikely to be anybody else's. */
export function ulaOf(hash: string): Subnet {
  return { family: 6, base: BigInt(`0xfd${hash.slice(0, 10)}`) << 80n, prefix: 48 };
}

/** The first subnet of the family that overlaps nothing in `taken`. Throws "network-conflict" when none is left. */
export function freeSubnet(family: Family, taken: readonly Subnet[], ula: Subnet): Subnet {
  const prefix = poolPrefix[family];
  const step = 1n << BigInt(bitsOf(family) - prefix);
  for (const [from, to] of family === 4 ? ipv4Ranges() : [[ula.base, ula.base + step * ulaNetworks] as const]) {
    for (let base = from; base < to; base += step) {
      const candidate = { family, base, prefix };
      if (!taken.some((other) => overlaps(candidate, other))) return candidate;
    }
  }
  throw new GantryError(
    "network-conflict",
    `could not find an available, non-overlapping IPv${family} address pool` +
      " among the defaults to assign to the network",
    { hint: "Remove unused networks, or give this one a subnet (ipam)." },
  );
}

/**
 * The pools of a new network, complete: subnet and gateway filled in, one pool at least for each family. Those of other
 * families are left out, as Docker does: `unusedPools` tells them.
 *
 * @throws {GantryError} "bad-parameter", "subnet-overlap", "network-conflict"
 */
export function plannedPools(ipam: Ipam | null | undefined, choice: PoolChoice): IpamPool[] {
  const taken = [...choice.networks];
  const asked = (ipam?.Config ?? []).map((pool) => ({ pool, family: familyOf(pool) }));
  return choice.families.flatMap((family) => {
    const pools = asked.filter((one) => one.family === family).map(({ pool }) => pool);
    return (pools.length > 0 ? pools : [{}]).map((wanted) => {
      const { pool, subnet } = plannedPool(wanted, family, { ...choice, networks: taken });
      taken.push(subnet);
      return pool;
    });
  });
}

/** Subnets of families that the network does not have. Throws "bad-parameter". */
export function unusedPools(ipam: Ipam | null | undefined, families: readonly Family[]): string[] {
  return (ipam?.Config ?? []).filter((pool) => !families.includes(familyOf(pool))).map(({ Subnet }) => Subnet ?? "");
}

function plannedPool(wanted: IpamPool, family: Family, { networks, host, ula }: PoolChoice) {
  const subnet = wanted.Subnet ? validSubnet(wanted.Subnet) : freeSubnet(family, [...networks, ...host], ula);
  if (networks.some((other) => overlaps(subnet, other))) {
    throw new GantryError("subnet-overlap", "Pool overlaps with other one on this address space");
  }
  const pool: IpamPool = { ...wanted, Subnet: formatSubnet(subnet) };
  pool.Gateway = wanted.Gateway || formatAddress({ family, value: firstGateway(pool, subnet) });
  planOf(pool); // refuses a gateway, a range or an auxiliary address outside of the subnet
  return { pool, subnet };
}

/** The lowest address that has no name of its own. */
function firstGateway(pool: IpamPool, subnet: Subnet): bigint {
  const auxiliary = Object.values(pool.AuxiliaryAddresses ?? {}).map((text) => parseAddress(text)?.value);
  let gateway = subnet.base + 1n;
  while (auxiliary.includes(gateway)) gateway += 1n;
  return gateway;
}

/** Reads complete pools, of one family if it is given. Throws "bad-parameter". */
export function addressPlans(pools: readonly IpamPool[], family?: Family): AddressPlan[] {
  return pools.map(planOf).filter(({ subnet }) => family === undefined || subnet.family === family);
}

function planOf(pool: IpamPool): AddressPlan {
  const subnet = validSubnet(pool.Subnet ?? "");
  const range = pool.IPRange ? validSubnet(pool.IPRange, "IP range") : subnet;
  if (!containsAddress(subnet, { ...range, value: range.base }) || range.prefix < subnet.prefix) {
    throw new GantryError("bad-parameter", `invalid ip-range ${pool.IPRange}: parent subnet is ${pool.Subnet}`);
  }
  const gateway = addressWithin(subnet, pool.Gateway ?? "", "gateway");
  const auxiliary = Object.values(pool.AuxiliaryAddresses ?? {}).map((text) =>
    addressWithin(subnet, text, "auxiliary address"),
  );
  // The lowest one of IPv6 is the routers' anycast address; a highest one for all there is in IPv4 only.
  const ends = subnet.family === 4 ? [subnet.base, lastAddress(subnet)] : [subnet.base];
  return { subnet, gateway, range, reserved: new Set([...ends, ...[gateway, ...auxiliary].map(({ value }) => value)]) };
}

type Used = { has(address: bigint): boolean };

/** The lowest free address of the ranges, with its plan. Throws "network-conflict" when they are full. */
export function freeAddress(plans: readonly AddressPlan[], used: Used): { address: Address; plan: AddressPlan } {
  for (const plan of plans) {
    const { range, reserved } = plan;
    for (let value = range.base; value <= lastAddress(range); value += 1n) {
      if (!reserved.has(value) && !used.has(value)) return { address: { family: range.family, value }, plan };
    }
  }
  const family = plans[0]?.subnet.family ?? 4;
  throw new GantryError("network-conflict", `no available IPv${family} addresses on this network's address pools`);
}

/**
 * The address of a family that an endpoint asks for (`IPAMConfig`), checked, with its plan; undefined when it takes
 * any.
 *
 * @throws {GantryError} "bad-parameter", "address-in-use"
 */
export function staticAddress(
  settings: EndpointSettings,
  { family, plans }: { family: Family; plans: readonly AddressPlan[] },
  { network, used }: { network: string; used: Used },
): { address: Address; plan: AddressPlan } | undefined {
  const text = settings.IPAMConfig?.[family === 4 ? "IPv4Address" : "IPv6Address"];
  if (!text) return undefined;
  const address = parseAddress(text);
  const invalid = (reason: string) =>
    new GantryError("bad-parameter", `invalid config for network ${network}: invalid endpoint settings:\n${reason}`);
  if (address?.family !== family) throw invalid(`invalid IPv${family} address: ${text}`);
  const plan = plans.find(({ subnet }) => containsAddress(subnet, address));
  if (!plan) throw invalid(`no configured subnet contains IP address ${text}`);
  const { base } = plan.subnet;
  const ends = family === 4 ? [base, lastAddress(plan.subnet)] : [base];
  if (used.has(address.value) || [...ends, plan.gateway.value].includes(address.value)) {
    const other = `give one of them another ipv${family}_address`;
    throw new GantryError("address-in-use", "Address already in use", {
      hint: `${text} on network ${network} belongs to another container; ${other}.`,
    });
  }
  return { address, plan };
}

function familyOf(pool: IpamPool): Family {
  const text = pool.Subnet || pool.Gateway || pool.IPRange || "";
  if (!pool.Subnet && text !== "") {
    throw new GantryError("bad-parameter", `gateway or IP range ${text} without a subnet`);
  }
  return text.includes(":") ? 6 : 4;
}

function validSubnet(text: string, what = "subnet"): Subnet {
  const subnet = parseSubnet(text);
  if (!subnet) throw new GantryError("bad-parameter", `invalid ${what} ${text}: invalid CIDR block notation`);
  const proper = formatSubnet(subnet);
  // IPv6 has many spellings: only bits below the prefix are a mistake.
  const given = parseAddress(text.split("/")[0] ?? "");
  if (given?.value !== subnet.base) {
    throw new GantryError("bad-parameter", `invalid ${what} ${text}: it should be ${proper}`);
  }
  if (what === "subnet" && (subnet.prefix < 1 || subnet.prefix > bitsOf(subnet.family) - 2)) {
    throw new GantryError("bad-parameter", `invalid subnet ${text}: no room for a gateway and a container`);
  }
  return subnet;
}

function addressWithin(subnet: Subnet, text: string, what: string): Address {
  const address = parseAddress(text);
  if (address !== undefined && containsAddress(subnet, address)) return address;
  throw new GantryError("bad-parameter", `invalid ${what} ${text}: parent subnet is ${formatSubnet(subnet)}`);
}

function ipv4Ranges(): Array<readonly [bigint, bigint]> {
  const value = (text = "") => parseAddress(text)?.value ?? 0n;
  return ipv4Pools.map((pool) => {
    const [from, to] = pool.split("-");
    return [value(from), value(to)];
  });
}
