/** A network as the API shows it, and whether a list's filters take it. Pure. */
import { GantryError } from "../../base/errors.js";
import { matchesLabels } from "../../wire/filters.js";
import type { EndpointSettings, NetworkInspect } from "../../wire/network.js";
import { readFlag } from "./driver-options.js";
import { isPredefined, type NamedEndpoint, type NetworkRecord } from "./network-record.js";

/** `endpoints` by container id. */
export function inspectNetwork(record: NetworkRecord, endpoints: ReadonlyMap<string, NamedEndpoint>): NetworkInspect {
  return {
    Name: record.name,
    Id: record.id,
    Created: record.createdAt,
    Scope: "local",
    Driver: record.driver,
    EnableIPv4: record.enableIPv4,
    EnableIPv6: record.enableIPv6,
    IPAM: { Driver: record.ipam.driver, Options: record.ipam.options, Config: [...record.pools] },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries([...endpoints].map(([containerId, endpoint]) => [containerId, shown(endpoint)])),
    Options: { ...record.options },
    Labels: { ...record.labels },
  };
}

function shown({ name, settings }: NamedEndpoint): NetworkInspect["Containers"][string] {
  const { IPAddress, IPPrefixLen, GlobalIPv6Address, GlobalIPv6PrefixLen }: EndpointSettings = settings;
  return {
    Name: name,
    EndpointID: settings.EndpointID ?? "",
    MacAddress: settings.MacAddress ?? "",
    IPv4Address: IPAddress ? `${IPAddress}/${IPPrefixLen}` : "",
    IPv6Address: GlobalIPv6Address ? `${GlobalIPv6Address}/${GlobalIPv6PrefixLen}` : "",
  };
}

/**
 * Filters of `GET /networks`: values of one key are alternatives, except that all labels must match. Throws
 * "bad-parameter" for a value that a filter cannot have.
 */
export function matchesNetwork(
  record: NetworkRecord,
  filters: Readonly<Record<string, readonly string[]>>,
  isUsed: boolean,
): boolean {
  const { name, id, driver, type, scope, dangling, label } = filters;
  for (const value of type ?? [])
    if (!["builtin", "custom"].includes(value)) refuse(`invalid filter: 'type'='${value}'`);
  for (const value of dangling ?? []) {
    if (readFlag(value) === undefined) refuse(`invalid value for filter 'dangling', must be "true" or "false"`);
  }
  const some = (values: readonly string[] | undefined, test: (value: string) => boolean) =>
    values === undefined || values.length === 0 || values.some(test);
  return (
    some(name, (value) => matchesPattern(record.name, value)) &&
    some(id, (value) => matchesPattern(record.id, value)) &&
    some(driver, (value) => record.driver === value) &&
    some(type, (value) => (value === "builtin") === isPredefined(record.name)) &&
    some(scope, (value) => value === "local") &&
    some(dangling, (value) => readFlag(value) === (!isUsed && !isPredefined(record.name))) &&
    matchesLabels(record.labels, label)
  );
}

function refuse(message: string): never {
  throw new GantryError("bad-parameter", message);
}

/** A part of the text, or an expression without anchors of its own, as Docker has it; `^front$` is Compose's way. */
function matchesPattern(text: string, pattern: string): boolean {
  if (text.includes(pattern)) return true;
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}
