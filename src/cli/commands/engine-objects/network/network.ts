/** `gantry network ls | create | inspect | rm | connect | disconnect`. */
import { BlockList, isIP } from "node:net";
import { GantryError, isGantryError } from "../../../../base/errors.js";
import type { EndpointSettings, IpamPool, NetworkCreateBody } from "../../../../wire/network.js";
import type { CliContext } from "../../../context.js";
import { eachName } from "../../../each-name.js";
import { writeInspected, writeListing } from "../../../listing.js";
import { parseInteger, parsePairs } from "../../../options.js";
import { networkListing, networkRow } from "../../../views/rows/network-row.js";
import { optional } from "../container/create/optional.js";
import { parseFilters } from "../filters.js";
import type { ObjectListOptions } from "../volume/volume.js";

type Names = readonly string[];

/** By name. */
export async function networkLs(
  context: CliContext,
  { quiet, filter, format, trunc = true }: ObjectListOptions & { trunc?: boolean },
): Promise<void> {
  const client = await context.connect();
  const networks = await client.networks.list(parseFilters(filter), { signal: context.signal });
  const rows = networks.toSorted((a, b) => (a.Name < b.Name ? -1 : 1)).map((network) => networkRow(network, { trunc }));
  await writeListing(context, rows, {
    ...networkListing,
    format: format ?? context.dockerConfig().networksFormat,
    quiet: quiet ? "ID" : undefined,
  });
}

export interface NetworkCreateOptions {
  readonly driver: string;
  readonly opt?: readonly string[];
  readonly label?: readonly string[];
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly subnet?: readonly string[];
  readonly gateway?: readonly string[];
  readonly ipRange?: readonly string[];
  readonly auxAddress?: readonly string[];
  readonly ipamDriver?: string;
  readonly ipamOpt?: readonly string[];
  readonly configFrom?: string;
  readonly configOnly?: boolean;
  readonly ingress?: boolean;
  readonly scope?: string;
}

/** Prints the id. */
export async function networkCreate(
  context: CliContext,
  options: NetworkCreateOptions,
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  const reply = await client.networks.create(networkBody(name, options));
  if (reply.Warning) context.stderr.write(`warning: ${reply.Warning}\n`);
  context.stdout.write(`${reply.Id}\n`);
}

/**
 * Pure. A gateway, a range and an auxiliary address belong to the subnet that has them. Throws "bad-parameter" for one
 * that is in none.
 */
export function networkBody(name: string, options: NetworkCreateOptions): NetworkCreateBody {
  const pools = poolsOf(options);
  const ipamOptions = options.ipamOpt && parsePairs(options.ipamOpt);
  const hasIpam = pools.length > 0 || ipamOptions !== undefined || options.ipamDriver !== undefined;
  return {
    Name: name,
    CheckDuplicate: true,
    Driver: options.driver,
    Internal: options.internal === true,
    Attachable: options.attachable === true,
    Options: parsePairs(options.opt),
    Labels: parsePairs(options.label),
    ...optional({
      EnableIPv4: options.ipv4,
      EnableIPv6: options.ipv6,
      Scope: options.scope,
      Ingress: options.ingress,
      ConfigOnly: options.configOnly,
      ConfigFrom: options.configFrom === undefined ? undefined : { Network: options.configFrom },
      IPAM: hasIpam
        ? { Driver: options.ipamDriver ?? "default", Config: pools, ...(ipamOptions ? { Options: ipamOptions } : {}) }
        : undefined,
    }),
  };
}

function poolsOf({ subnet = [], gateway = [], ipRange = [], auxAddress = [] }: NetworkCreateOptions): IpamPool[] {
  const pools: IpamPool[] = subnet.map((Subnet) => ({ Subnet }));
  const poolOf = (address: string, flag: string): IpamPool => {
    const found = pools.find(({ Subnet = "" }) => contains(Subnet, address.split("/", 1)[0] ?? ""));
    // Without a subnet the engine is the one to say what is wrong.
    if (found || pools.length === 0) return found ?? {};
    throw new GantryError("bad-parameter", `${flag}: no subnet holds ${address}`);
  };
  for (const range of ipRange) poolOf(range, "--ip-range").IPRange = range;
  for (const address of gateway) poolOf(address, "--gateway").Gateway = address;
  for (const [name, address] of Object.entries(parsePairs(auxAddress))) {
    const pool = poolOf(address, "--aux-address");
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [name]: address };
  }
  if (pools.length === 0 && gateway.length + ipRange.length + auxAddress.length > 0) {
    throw new GantryError("bad-parameter", "every ip-range, gateway and aux-address must have a --subnet");
  }
  return pools;
}

function contains(subnet: string, address: string): boolean {
  const [base = "", bits = ""] = subnet.split("/");
  const family = isIP(base) === 6 ? "ipv6" : "ipv4";
  if (isIP(base) === 0 || isIP(address) !== isIP(base) || !/^\d{1,3}$/.test(bits)) return false;
  const list = new BlockList();
  list.addSubnet(base, Math.min(Number(bits), family === "ipv6" ? 128 : 32), family);
  return list.check(address, family);
}

/** A JSON array of what the engine knows, or a line by the template for each. */
export async function networkInspect(
  context: CliContext,
  { format, verbose = false }: { format?: string; verbose?: boolean },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  const inspect = (name: string) => client.networks.inspect(name, { verbose });
  await writeInspected(context, names, { kind: "network", format, inspect });
}

/** Networks without containers; with `force` a missing one is fine. */
export async function networkRm(
  context: CliContext,
  { force = false }: { force?: boolean },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  await eachName(context, names, (name) =>
    client.networks.remove(name).catch((error: unknown) => {
      if (!force || !isGantryError(error, "network-not-found")) throw error;
    }),
  );
}

export interface NetworkConnectOptions {
  readonly alias?: readonly string[];
  readonly ip?: string;
  readonly ip6?: string;
  readonly link?: readonly string[];
  readonly linkLocalIp?: readonly string[];
  readonly driverOpt?: readonly string[];
  readonly gwPriority?: string;
}

/** Adds a container to a network. */
export async function networkConnect(
  context: CliContext,
  options: NetworkConnectOptions,
  [network = "", container = ""]: Names,
): Promise<void> {
  const { alias, ip, ip6, link, linkLocalIp, driverOpt, gwPriority } = options;
  const addresses = optional({ IPv4Address: ip, IPv6Address: ip6, LinkLocalIPs: linkLocalIp && [...linkLocalIp] });
  const EndpointConfig = optional({
    Aliases: alias && [...alias],
    Links: link && [...link],
    IPAMConfig: Object.keys(addresses).length > 0 ? addresses : undefined,
    DriverOpts: driverOpt && parsePairs(driverOpt),
    GwPriority: gwPriority === undefined ? undefined : parseInteger(gwPriority, "--gw-priority"),
  }) as EndpointSettings;
  const client = await context.connect();
  await client.networks.connect(network, { Container: container, EndpointConfig });
}

/** Takes a container off a network. */
export async function networkDisconnect(
  context: CliContext,
  { force = false }: { force?: boolean },
  [network = "", container = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  await client.networks.disconnect(network, { Container: container, Force: force });
}
