/**
 * What is kept of a network, how it is made from a request and read back, and what follows from it. Pure.
 *
 * @see Docker Engine API 1.51, Network
 */
import { createHash } from "node:crypto";
import { isRecord } from "../../base/json.js";
import type { EndpointSettings, IpamPool, NetworkCreateBody } from "../../wire/network.js";
import { type Family, formatSubnet } from "./addresses/ip.js";
import { addressPlans } from "./addresses/ipam.js";
import { familiesOf, networkNamePattern } from "./create-request.js";
import { networkOptions, readFlag } from "./driver-options.js";
import type { BridgeRules } from "./firewall/ruleset.js";

/** Version of `NetworkRecord`'s shape on disk. */
export const networkRecordSchema = 1;

const drivers = ["bridge", "host", "null", "macvlan"] as const;
type NetworkDriver = (typeof drivers)[number];

export interface NetworkRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly driver: NetworkDriver;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  readonly ipam: { readonly driver: string; readonly options: Record<string, string> | null };
  /** Complete: each with subnet and gateway, one at least for each family. None for `host` and `null`. */
  readonly pools: readonly IpamPool[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container's endpoint in a network, as `inspect` shows it. */
export interface NamedEndpoint {
  readonly name: string;
  readonly settings: EndpointSettings;
}

export const predefined = ["bridge", "host", "none"] as const;

export function isPredefined(name: string): boolean {
  return predefined.some((one) => one === name);
}

/** A checked request and its complete pools as a record. */
export function recordOf(
  body: NetworkCreateBody,
  made: { id: string; createdAt: Date; pools: readonly IpamPool[] },
): NetworkRecord {
  const families = familiesOf(body);
  return {
    id: made.id,
    name: body.Name,
    createdAt: made.createdAt.toISOString(),
    driver: body.Driver === "macvlan" ? "macvlan" : "bridge",
    internal: body.Internal ?? false,
    attachable: body.Attachable ?? false,
    enableIPv4: families.includes(4),
    enableIPv6: families.includes(6),
    ipam: { driver: "default", options: body.IPAM?.Options ?? null },
    pools: made.pools,
    options: body.Options ?? {},
    labels: body.Labels ?? {},
  };
}

/** `bridge`, `host` and `none`, as Docker presents them. */
export function predefinedRecord(
  name: (typeof predefined)[number],
  made: { id: string; createdAt: Date; pools: readonly IpamPool[] },
): NetworkRecord {
  const record = recordOf({ Name: name }, made);
  if (name === "bridge") {
    const options = {
      [networkOptions.defaultBridge]: "true",
      [networkOptions.icc]: "true",
      [networkOptions.masquerade]: "true",
      [networkOptions.hostBinding]: "0.0.0.0",
      [networkOptions.mtu]: "1500",
    };
    return { ...record, options };
  }
  return { ...record, driver: name === "host" ? "host" : "null", pools: [] };
}

/** Believes nothing of what was read. Throws with the reason. */
export function parseNetworkRecord(value: unknown): NetworkRecord {
  if (!isRecord(value)) throw new Error("it is not an object");
  const { id, name, createdAt, driver, ipam, options, labels } = value;
  if (typeof id !== "string" || !/^[0-9a-f]{64}$/.test(id)) throw new Error("its id is not 64 hexadecimal digits");
  if (typeof name !== "string" || !networkNamePattern.test(name)) throw new Error("its name is not a network name");
  if (typeof createdAt !== "string" || Number.isNaN(Date.parse(createdAt))) throw new Error("createdAt is no time");
  const known = drivers.find((one) => one === driver);
  if (!known) throw new Error("its driver is unknown");
  if (!isRecord(ipam) || !isPools(value.pools)) throw new Error("its pools are malformed");
  if (!isTexts(options) || !isTexts(labels)) throw new Error("its options or labels are malformed");
  // Records of earlier versions have IPv6 pools that nothing came of: they have no gateway.
  const pools = value.pools.filter(({ Subnet, Gateway }) => Subnet && Gateway);
  const plans = addressPlans(pools);
  if (plans.length === 0 && (known === "bridge" || known === "macvlan")) throw new Error("it has no subnet");
  return {
    ...{ id, name, createdAt, driver: known, pools, options, labels },
    internal: value.internal === true,
    attachable: value.attachable === true,
    enableIPv4: value.enableIPv4 !== false,
    enableIPv6: plans.some(({ subnet }) => subnet.family === 6),
    ipam: { driver: "default", options: isTexts(ipam.options) ? ipam.options : null },
  };
}

/** The bridge's interface name: the one asked for, else derived from the random id, so that engines do not clash. */
export function bridgeName(record: NetworkRecord): string {
  return record.options[networkOptions.bridgeName] ?? `gn-${shortHash(record.id)}`;
}

export function isDefaultBridge(record: NetworkRecord): boolean {
  return record.driver === "bridge" && record.name === "bridge";
}

export function bridgeRules(record: NetworkRecord): BridgeRules {
  const { options, internal } = record;
  const subnets = (family: Family) => addressPlans(record.pools, family).map(({ subnet }) => formatSubnet(subnet));
  const isOpen = (family: Family) => options[networkOptions.gatewayMode[family]] === "nat-unprotected";
  return {
    bridge: bridgeName(record),
    subnets: { 4: subnets(4), 6: subnets(6) },
    internal,
    icc: readFlag(options[networkOptions.icc]) ?? true,
    masquerade: readFlag(options[networkOptions.masquerade]) ?? true,
    open: { 4: isOpen(4), 6: isOpen(6) },
  };
}

export function mtuOf(record: NetworkRecord): number | undefined {
  const mtu = record.options[networkOptions.mtu];
  return mtu === undefined ? undefined : Number(mtu);
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function isPools(value: unknown): value is IpamPool[] {
  return Array.isArray(value) && value.every(isRecord);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((member) => typeof member === "string");
}
