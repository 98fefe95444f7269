/** Who is on which network under which address, in memory. Pure: what it holds comes from sandboxes. */
import { randomBytes } from "node:crypto";
import { GantryError } from "../../base/errors.js";
import type { EndpointSettings } from "../../wire/network.js";
import { addressPlan, freeAddress, staticAddress } from "./ipam.js";
import { formatIpv4, formatMac, macOf, parseIpv4, parseMac } from "./ipv4.js";
import { isDefaultBridge, type NamedEndpoint, type NetworkRecord } from "./network-record.js";

/** One container's place in one network, with what is needed to make it. */
export interface PlannedEndpoint {
  readonly record: NetworkRecord;
  readonly settings: EndpointSettings;
  readonly address: number;
  readonly prefix: number;
  readonly mac: Uint8Array;
}

const shortIdLength = 12;

export class EndpointRegistry {
  readonly #byNetwork = new Map<string, Map<string, NamedEndpoint>>();
  readonly #addresses = new Map<string, Map<number, string>>();

  /** By container id. */
  of(networkId: string): ReadonlyMap<string, NamedEndpoint> {
    return this.#byNetwork.get(networkId) ?? new Map();
  }

  /**
   * Chooses an address; nothing is taken until `add`. Throws "bad-parameter", "address-in-use", "network-conflict".
   */
  plan(record: NetworkRecord, container: { id: string; name: string }, wanted: EndpointSettings): PlannedEndpoint {
    const plan = addressPlan(record.pools);
    if (!plan) throw new GantryError("bad-parameter", `Network ${record.name} takes no endpoints`);
    const used = this.#addresses.get(record.id) ?? new Map<number, string>();
    const address = staticAddress(wanted, plan, { network: record.name, used }) ?? freeAddress(plan, used);
    const mac = wanted.MacAddress ? parseMac(wanted.MacAddress) : macOf(address);
    if (!mac) throw new GantryError("bad-parameter", `invalid MAC address: ${wanted.MacAddress}`);
    const names = [container.name, ...(wanted.Aliases ?? []), container.id.slice(0, shortIdLength)];
    const settings: EndpointSettings = {
      ...wanted,
      MacAddress: formatMac(mac),
      NetworkID: record.id,
      EndpointID: randomBytes(32).toString("hex"),
      Gateway: record.internal ? "" : formatIpv4(plan.gateway),
      IPAddress: formatIpv4(address),
      IPPrefixLen: plan.subnet.prefix,
      IPv6Gateway: "",
      GlobalIPv6Address: "",
      GlobalIPv6PrefixLen: 0,
      DNSNames: isDefaultBridge(record) ? null : [...new Set(names)],
    };
    return { record, settings, address, prefix: plan.subnet.prefix, mac };
  }

  add(containerId: string, name: string, settings: EndpointSettings): void {
    const networkId = settings.NetworkID ?? "";
    innerMap(this.#byNetwork, networkId).set(containerId, { name, settings });
    const address = parseIpv4(settings.IPAddress ?? "");
    if (address !== undefined) innerMap(this.#addresses, networkId).set(address, containerId);
  }

  remove(containerId: string, settings: EndpointSettings): void {
    const networkId = settings.NetworkID ?? "";
    this.#byNetwork.get(networkId)?.delete(containerId);
    const address = parseIpv4(settings.IPAddress ?? "");
    if (address !== undefined) this.#addresses.get(networkId)?.delete(address);
  }
}

/** The endpoint whose network carries the default route and the published ports, by Docker's order. */
export function gatewayEndpoint(endpoints: Readonly<Record<string, EndpointSettings>>): EndpointSettings | undefined {
  const priority = ({ GwPriority = 0 }: EndpointSettings) => GwPriority;
  const [first] = Object.entries(endpoints)
    .filter(([, { Gateway }]) => Gateway)
    .sort(([a, x], [b, y]) => priority(y) - priority(x) || (a < b ? -1 : 1));
  return first?.[1];
}

function innerMap<K, V>(outer: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const inner = outer.get(key) ?? new Map<K, V>();
  outer.set(key, inner);
  return inner;
}
