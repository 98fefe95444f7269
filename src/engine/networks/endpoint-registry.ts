/** Who is on which network under which addresses, in memory. Pure: what it holds comes from sandboxes. */
import { randomBytes } from "node:crypto";
import { GantryError } from "../../base/errors.js";
import type { EndpointSettings } from "../../wire/network.js";
import { type Address, type Family, formatAddress, parseAddress } from "./addresses/ip.js";
import { type AddressPlan, addressPlans, freeAddress, staticAddress } from "./addresses/ipam.js";
import { formatMac, macOf, parseMac } from "./addresses/mac.js";
import { type EndpointOptions, endpointOptions } from "./endpoint-options.js";
import { isDefaultBridge, type NamedEndpoint, type NetworkRecord } from "./network-record.js";

/** One container's place in one network, with what is needed to make it. */
export interface PlannedEndpoint {
  readonly record: NetworkRecord;
  readonly settings: EndpointSettings;
  readonly addresses: readonly EndpointAddress[];
  readonly mac: Uint8Array;
  readonly options: EndpointOptions;
}
export interface EndpointAddress {
  readonly address: Address;
  readonly prefix: number;
}

const shortIdLength = 12;
/** Prefix lengths of link-local ranges (RFC 3927, RFC 4291). */
const linkLocalPrefix = { 4: 16, 6: 64 };
const none: ReadonlyMap<bigint, string> = new Map();
/**
 * Whoever has looked up a container that was replaced may go on asking for its address, and must not reach another
 * one: programs keep names for half a minute, the kernel remembers flows that have ended for two.
 */
const restMs = 120_000;

export class EndpointRegistry {
  readonly #byNetwork = new Map<string, Map<string, NamedEndpoint>>();
  /** By network id and family; whose each address is. */
  readonly #addresses = new Map<string, Map<bigint, string>>();
  /** In the same way; until when an address that nobody has is not given to others, while there are any. */
  readonly #resting = new Map<string, Map<bigint, number>>();
  readonly #monotonicMs: () => number;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** By container id. */
  of(networkId: string): ReadonlyMap<string, NamedEndpoint> {
    return this.#byNetwork.get(networkId) ?? new Map();
  }

  /**
   * Chooses addresses; nothing is taken until `add`. Throws "bad-parameter", "address-in-use", "network-conflict".
   */
  plan(record: NetworkRecord, container: { id: string; name: string }, wanted: EndpointSettings): PlannedEndpoint {
    const options = endpointOptions(wanted);
    const v4 = this.#choose(record, 4, wanted);
    const v6 = this.#choose(record, 6, wanted);
    const chosen = [v4, v6].flatMap((one) => (one ? [one] : []));
    const [first] = chosen;
    if (!first) throw new GantryError("bad-parameter", `Network ${record.name} takes no endpoints`);
    const mac = wanted.MacAddress ? parseMac(wanted.MacAddress) : macOf(first.address);
    if (!mac) throw new GantryError("bad-parameter", `invalid MAC address: ${wanted.MacAddress}`);
    const names = [container.name, ...(wanted.Aliases ?? []), container.id.slice(0, shortIdLength)];
    const gateway = (one: Chosen | undefined) => (one && !record.internal ? formatAddress(one.plan.gateway) : "");
    const settings: EndpointSettings = {
      ...wanted,
      MacAddress: formatMac(mac),
      NetworkID: record.id,
      EndpointID: randomBytes(32).toString("hex"),
      Gateway: gateway(v4),
      IPAddress: v4 ? formatAddress(v4.address) : "",
      IPPrefixLen: v4?.plan.subnet.prefix ?? 0,
      IPv6Gateway: gateway(v6),
      GlobalIPv6Address: v6 ? formatAddress(v6.address) : "",
      GlobalIPv6PrefixLen: v6?.plan.subnet.prefix ?? 0,
      DNSNames: isDefaultBridge(record) ? null : [...new Set(names)],
    };
    const own = chosen.map(({ address, plan }) => ({ address, prefix: plan.subnet.prefix }));
    return { record, settings, addresses: [...own, ...linkLocals(wanted)], mac, options };
  }

  add(containerId: string, name: string, settings: EndpointSettings): void {
    const networkId = settings.NetworkID ?? "";
    innerMap(this.#byNetwork, networkId).set(containerId, { name, settings });
    for (const { family, value } of addressesOf(settings)) {
      innerMap(this.#addresses, `${networkId} ${family}`).set(value, containerId);
    }
  }

  /** `wasReplaced`: another container has taken its place, and its addresses are left alone for a while. */
  remove(containerId: string, settings: EndpointSettings, { wasReplaced = false } = {}): void {
    const networkId = settings.NetworkID ?? "";
    this.#byNetwork.get(networkId)?.delete(containerId);
    for (const { family, value } of addressesOf(settings)) {
      const key = `${networkId} ${family}`;
      const addresses = this.#addresses.get(key);
      if (addresses?.get(value) !== containerId) continue; // it is another one's by now
      addresses.delete(value);
      if (wasReplaced) innerMap(this.#resting, key).set(value, this.#monotonicMs() + restMs);
    }
  }

  #choose(record: NetworkRecord, family: Family, wanted: EndpointSettings): Chosen | undefined {
    const plans = addressPlans(record.pools, family);
    const key = `${record.id} ${family}`;
    const used = this.#addresses.get(key) ?? none;
    const asked = staticAddress(wanted, { family, plans }, { network: record.name, used });
    if (asked || plans.length === 0) return asked;
    const resting = this.#restingNow(key);
    try {
      return freeAddress(plans, { has: (value) => used.has(value) || resting.has(value) });
    } catch (error) {
      if (resting.size === 0) throw error;
      return freeAddress(plans, used);
    }
  }

  #restingNow(key: string): ReadonlyMap<bigint, unknown> {
    const resting = this.#resting.get(key);
    const now = this.#monotonicMs();
    for (const [value, untilMs] of resting ?? []) if (untilMs <= now) resting?.delete(value);
    return resting ?? none;
  }
}

interface Chosen {
  readonly address: Address;
  readonly plan: AddressPlan;
}

/**
 * The endpoint whose network carries the default route of a family and the published ports, by Docker's order: the
 * highest `GwPriority`, then the first name.
 */
export function gatewayEndpoint(
  endpoints: Readonly<Record<string, EndpointSettings>>,
  family: Family,
): EndpointSettings | undefined {
  const priority = ({ GwPriority = 0 }: EndpointSettings) => GwPriority;
  const [first] = Object.entries(endpoints)
    .filter(([, settings]) => gatewayText(settings, family) !== "")
    .sort(([a, x], [b, y]) => priority(y) - priority(x) || (a < b ? -1 : 1));
  return first?.[1];
}

/** The gateway of an endpoint's network; "" for none. */
export function gatewayText({ Gateway = "", IPv6Gateway = "" }: EndpointSettings, family: Family): string {
  return family === 4 ? Gateway : IPv6Gateway;
}

/** The endpoint's address of a family; undefined when it has none. */
export function addressText(settings: EndpointSettings | undefined, family: Family): string | undefined {
  return (family === 4 ? settings?.IPAddress : settings?.GlobalIPv6Address) || undefined;
}

function addressesOf(settings: EndpointSettings): Address[] {
  const families: readonly Family[] = [4, 6];
  return families.flatMap((family) => parseAddress(addressText(settings, family) ?? "") ?? []);
}

function linkLocals({ IPAMConfig }: EndpointSettings): EndpointAddress[] {
  return (IPAMConfig?.LinkLocalIPs ?? []).map((text) => {
    const address = parseAddress(text);
    if (!address) throw new GantryError("bad-parameter", `invalid link-local IP address: ${text}`);
    return { address, prefix: linkLocalPrefix[address.family] };
  });
}

function innerMap<K, V>(outer: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const inner = outer.get(key) ?? new Map<K, V>();
  outer.set(key, inner);
  return inner;
}
