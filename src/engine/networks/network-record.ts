/**
 * What is kept of a network, and how it is made from a request, read back, and shown. Pure.
 *
 * @see Docker Engine API 1.51, Network
 */
import { createHash } from "node:crypto";
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { matchesLabels } from "../../wire/filters.js";
import type { EndpointSettings, IpamPool, NetworkCreateBody, NetworkInspect } from "../../wire/network.js";
import { addressPlan } from "./ipam.js";
import { formatSubnet } from "./ipv4.js";
import type { BridgeRules } from "./ruleset.js";

/** Version of `NetworkRecord`'s shape on disk. */
export const networkRecordSchema = 1;

export interface NetworkRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly driver: "bridge" | "host" | "null";
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly enableIPv6: boolean;
  readonly ipam: { readonly driver: string; readonly options: Record<string, string> | null };
  /** Complete for bridges: subnet and gateway. */
  readonly pools: readonly IpamPool[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container's endpoint in a network, as `inspect` shows it. */
export interface NamedEndpoint {
  readonly name: string;
  readonly settings: EndpointSettings;
}

export const bridgeOptions = {
  defaultBridge: "com.docker.network.bridge.default_bridge",
  name: "com.docker.network.bridge.name",
  icc: "com.docker.network.bridge.enable_icc",
  masquerade: "com.docker.network.bridge.enable_ip_masquerade",
  hostBinding: "com.docker.network.bridge.host_binding_ipv4",
  mtu: "com.docker.network.driver.mtu",
} as const;

const predefinedNames = ["bridge", "host", "none"] as const;
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

export function isPredefined(name: string): boolean {
  return predefinedNames.some((predefined) => predefined === name);
}

/** Checks what does not depend on other networks. Throws "bad-parameter", "not-supported". */
export function checkCreateBody(body: NetworkCreateBody): void {
  if (!namePattern.test(body.Name ?? "")) throw new GantryError("bad-parameter", `invalid network name: ${body.Name}`);
  const driver = body.Driver || "bridge";
  if (!["bridge", "default"].includes(driver)) {
    throw new GantryError("not-supported", `network driver ${driver} is not supported: use bridge`);
  }
  const ipamDriver = body.IPAM?.Driver || "default";
  if (ipamDriver !== "default") throw new GantryError("not-supported", `IPAM driver ${ipamDriver} is not supported`);
  const mtu = body.Options?.[bridgeOptions.mtu];
  if (mtu !== undefined && !(/^\d+$/.test(mtu) && Number(mtu) >= 68 && Number(mtu) <= 65535)) {
    throw new GantryError("bad-parameter", `invalid ${bridgeOptions.mtu}: ${mtu}`);
  }
  const bridge = body.Options?.[bridgeOptions.name];
  // Narrower than the kernel's rule: the name stands in nftables rules, where a `*` would mean many interfaces.
  if (bridge !== undefined && !/^[a-zA-Z0-9][\w.-]{0,14}$/.test(bridge)) {
    throw new GantryError("bad-parameter", `invalid ${bridgeOptions.name}: ${bridge}`);
  }
}

/** A checked request and its complete pools as a record. */
export function recordOf(
  body: NetworkCreateBody,
  made: { id: string; createdAt: Date; pools: readonly IpamPool[] },
): NetworkRecord {
  return {
    id: made.id,
    name: body.Name,
    createdAt: made.createdAt.toISOString(),
    driver: "bridge",
    internal: body.Internal ?? false,
    attachable: body.Attachable ?? false,
    enableIPv6: body.EnableIPv6 ?? false,
    ipam: { driver: "default", options: body.IPAM?.Options ?? null },
    pools: made.pools,
    options: body.Options ?? {},
    labels: body.Labels ?? {},
  };
}

/** `bridge`, `host` and `none`, as Docker presents them. */
export function predefinedRecord(
  name: (typeof predefinedNames)[number],
  made: { id: string; createdAt: Date; pools: readonly IpamPool[] },
): NetworkRecord {
  const record = recordOf({ Name: name }, made);
  if (name === "bridge") {
    const options = {
      [bridgeOptions.defaultBridge]: "true",
      [bridgeOptions.icc]: "true",
      [bridgeOptions.masquerade]: "true",
      [bridgeOptions.hostBinding]: "0.0.0.0",
      [bridgeOptions.mtu]: "1500",
    };
    return { ...record, options };
  }
  return { ...record, driver: name === "host" ? "host" : "null", pools: [] };
}

export const predefined = predefinedNames;

/** Believes nothing of what was read. Throws with the reason. */
export function parseNetworkRecord(value: unknown): NetworkRecord {
  if (!isRecord(value)) throw new Error("it is not an object");
  const { id, name, createdAt, driver, ipam, pools, options, labels } = value;
  if (typeof id !== "string" || !/^[0-9a-f]{64}$/.test(id)) throw new Error("its id is not 64 hexadecimal digits");
  if (typeof name !== "string" || !namePattern.test(name)) throw new Error("its name is not a network name");
  if (typeof createdAt !== "string" || Number.isNaN(Date.parse(createdAt))) throw new Error("createdAt is no time");
  if (driver !== "bridge" && driver !== "host" && driver !== "null") throw new Error("its driver is unknown");
  if (!isRecord(ipam) || !Array.isArray(pools) || !pools.every(isRecord)) throw new Error("its pools are malformed");
  if (!isTexts(options) || !isTexts(labels)) throw new Error("its options or labels are malformed");
  if (driver === "bridge" && !addressPlan(pools)) throw new Error("it has no subnet");
  const ipamOptions = isTexts(ipam.options) ? ipam.options : null;
  return {
    ...{ id, name, createdAt, driver, pools, options, labels },
    internal: value.internal === true,
    attachable: value.attachable === true,
    enableIPv6: value.enableIPv6 === true,
    ipam: { driver: "default", options: ipamOptions },
  };
}

/** The bridge's interface name: the one asked for, else derived from the random id, so that engines do not clash. */
export function bridgeName(record: NetworkRecord): string {
  return record.options[bridgeOptions.name] ?? `gn-${shortHash(record.id)}`;
}

export function isDefaultBridge(record: NetworkRecord): boolean {
  return record.driver === "bridge" && record.name === "bridge";
}

export function bridgeRules(record: NetworkRecord): BridgeRules {
  const plan = addressPlan(record.pools);
  if (!plan) throw new GantryError("internal", `Network ${record.name} has no subnet`);
  return {
    bridge: bridgeName(record),
    subnet: formatSubnet(plan.subnet),
    internal: record.internal,
    icc: record.options[bridgeOptions.icc] !== "false",
    masquerade: record.options[bridgeOptions.masquerade] !== "false",
  };
}

export function mtuOf(record: NetworkRecord): number | undefined {
  const mtu = record.options[bridgeOptions.mtu];
  return mtu === undefined ? undefined : Number(mtu);
}

/** `endpoints` by container id. */
export function inspectNetwork(record: NetworkRecord, endpoints: ReadonlyMap<string, NamedEndpoint>): NetworkInspect {
  const containers = [...endpoints].map(([containerId, { name, settings }]) => [
    containerId,
    {
      Name: name,
      EndpointID: settings.EndpointID ?? "",
      MacAddress: settings.MacAddress ?? "",
      IPv4Address: settings.IPAddress ? `${settings.IPAddress}/${settings.IPPrefixLen}` : "",
      IPv6Address: "",
    },
  ]);
  return {
    Name: record.name,
    Id: record.id,
    Created: record.createdAt,
    Scope: "local",
    Driver: record.driver,
    EnableIPv4: true,
    EnableIPv6: record.enableIPv6,
    IPAM: { Driver: record.ipam.driver, Options: record.ipam.options, Config: [...record.pools] },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(containers),
    Options: { ...record.options },
    Labels: { ...record.labels },
  };
}

/** Filters of `GET /networks`: values of one key are alternatives, except that all labels must match. */
export function matchesNetwork(
  record: NetworkRecord,
  filters: Readonly<Record<string, readonly string[]>>,
  isUsed: boolean,
): boolean {
  const { name, id, driver, type, scope, dangling, label } = filters;
  const some = (values: readonly string[] | undefined, test: (value: string) => boolean) =>
    values === undefined || values.length === 0 || values.some(test);
  return (
    some(name, (value) => record.name.includes(value) || matchesPattern(record.name, value)) &&
    some(id, (value) => record.id.includes(value)) &&
    some(driver, (value) => record.driver === value) &&
    some(type, (value) => (value === "builtin") === isPredefined(record.name)) &&
    some(scope, (value) => value === "local") &&
    some(dangling, (value) => ["true", "1"].includes(value) === (!isUsed && !isPredefined(record.name))) &&
    matchesLabels(record.labels, label)
  );
}

/** `^front$` is how Compose asks for an exact name; other expressions are taken as plain text. */
function matchesPattern(name: string, pattern: string): boolean {
  return pattern.replace(/^\^|\$$/g, "") === name;
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((member) => typeof member === "string");
}
