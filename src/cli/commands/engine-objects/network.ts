/** `gantry network ls | create | inspect | rm | connect | disconnect`. */

import { shortId } from "../../../oci/short-id.js";
import type { IpamPool, NetworkCreateBody } from "../../../wire/network.js";
import type { CliContext } from "../../context.js";
import { eachName, inspectNames } from "../../each-name.js";
import { parsePairs } from "../../options.js";
import { printTable } from "../../views/table.js";
import { parseFilters } from "./filters.js";
import type { ObjectListOptions } from "./volume.js";

type Names = readonly string[];

/** A table, one JSON object per line, or ids alone. */
export async function networkLs(context: CliContext, { quiet, filter, format }: ObjectListOptions): Promise<void> {
  const client = await context.connect();
  const networks = await client.networks.list(parseFilters(filter), { signal: context.signal });
  const sorted = networks.toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
  if (quiet) context.stdout.write(sorted.map(({ Id }) => `${shortId(Id)}\n`).join(""));
  else if (format === "json") context.stdout.write(sorted.map((network) => `${JSON.stringify(network)}\n`).join(""));
  else {
    const rows = sorted.map(({ Id, Name, Driver, Scope }) => [shortId(Id), Name, Driver, Scope]);
    context.stdout.write(printTable(["NETWORK ID", "NAME", "DRIVER", "SCOPE"], rows));
  }
}

export interface NetworkCreateOptions {
  readonly driver: string;
  readonly opt?: readonly string[];
  readonly label?: readonly string[];
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ipv6?: boolean;
  readonly subnet?: readonly string[];
  readonly gateway?: readonly string[];
  readonly ipRange?: readonly string[];
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

/** Pure. The nth gateway and range belong to the nth subnet. */
export function networkBody(name: string, options: NetworkCreateOptions): NetworkCreateBody {
  const { subnet = [], gateway = [], ipRange = [] } = options;
  const pools: IpamPool[] = subnet.map((Subnet, at) => ({
    Subnet,
    ...(gateway[at] === undefined ? {} : { Gateway: gateway[at] }),
    ...(ipRange[at] === undefined ? {} : { IPRange: ipRange[at] }),
  }));
  return {
    Name: name,
    CheckDuplicate: true,
    Driver: options.driver,
    Internal: options.internal === true,
    Attachable: options.attachable === true,
    EnableIPv6: options.ipv6 === true,
    Options: parsePairs(options.opt),
    Labels: parsePairs(options.label),
    ...(pools.length > 0 ? { IPAM: { Driver: "default", Config: pools } } : {}),
  };
}

/** A JSON array of what the engine knows. */
export async function networkInspect(context: CliContext, names: Names): Promise<void> {
  const client = await context.connect();
  await inspectNames(context, names, (name) => client.networks.inspect(name));
}

/** Networks without containers. */
export async function networkRm(context: CliContext, names: Names): Promise<void> {
  const client = await context.connect();
  await eachName(context, names, (name) => client.networks.remove(name));
}

/** Adds a container to a network. */
export async function networkConnect(
  context: CliContext,
  { alias, ip }: { alias?: readonly string[]; ip?: string },
  [network = "", container = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  const EndpointConfig = {
    ...(alias ? { Aliases: [...alias] } : {}),
    ...(ip === undefined ? {} : { IPAMConfig: { IPv4Address: ip } }),
  };
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
