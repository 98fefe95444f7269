/** A network as the API shows it, and whether a list's filters take it. Pure. */
import { matchesLabels } from "../../wire/filters.js";
import type { EndpointSettings, NetworkInspect } from "../../wire/network.js";
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
  const isStart = pattern.startsWith("^");
  const isEnd = pattern.endsWith("$");
  const plain = pattern.slice(isStart ? 1 : 0, isEnd ? -1 : undefined);
  if (isStart && isEnd) return name === plain;
  return isStart ? name.startsWith(plain) : isEnd && name.endsWith(plain);
}
