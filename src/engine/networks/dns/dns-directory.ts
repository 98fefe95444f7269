/** Who answers to which name, seen from one container: only networks that it shares count. Pure. */
import { formatAddress, parseAddress } from "../addresses/ip.js";

/** One container's place in one network. `names` resolve to `addresses`; the first one is their reverse name. */
export interface DnsMember {
  readonly containerId: string;
  readonly networkId: string;
  readonly networkName: string;
  readonly names: readonly string[];
  /** Of either family, in the short form. */
  readonly addresses: readonly string[];
  /** `container:alias`: names that this container alone has for others of the network. */
  readonly links: readonly string[];
}

const shortIdLength = 12;

interface NetworkNames {
  readonly name: string;
  readonly members: Map<string, DnsMember>;
  /** Lower-case name → container id → addresses. */
  readonly byName: Map<string, Map<string, readonly string[]>>;
  readonly byAddress: Map<string, DnsMember>;
}

export class DnsDirectory {
  readonly #networks = new Map<string, NetworkNames>();
  readonly #memberships = new Map<string, Set<string>>();

  add(member: DnsMember): void {
    const { containerId, networkId, networkName, addresses } = member;
    const network = this.#networks.get(networkId) ?? emptyNetwork(networkName);
    this.#networks.set(networkId, network);
    network.members.set(containerId, member);
    for (const address of addresses) network.byAddress.set(address, member);
    for (const name of member.names.map(folded)) {
      const owners = network.byName.get(name) ?? new Map<string, readonly string[]>();
      network.byName.set(name, owners.set(containerId, addresses));
    }
    const networks = this.#memberships.get(containerId) ?? new Set();
    this.#memberships.set(containerId, networks.add(networkId));
  }

  /** Forgets a container everywhere. */
  remove(containerId: string): void {
    for (const networkId of this.#memberships.get(containerId) ?? []) {
      const network = this.#networks.get(networkId);
      const member = network?.members.get(containerId);
      if (!network || !member) continue;
      network.members.delete(containerId);
      for (const address of member.addresses) network.byAddress.delete(address);
      for (const name of member.names.map(folded)) {
        const owners = network.byName.get(name);
        owners?.delete(containerId);
        if (owners?.size === 0) network.byName.delete(name);
      }
      if (network.members.size === 0) this.#networks.delete(networkId);
    }
    this.#memberships.delete(containerId);
  }

  /**
   * Addresses of both families behind `name` (case does not matter, `name.network` narrows it down), by the asking
   * container's links first; undefined when it is not ours.
   */
  addressesOf(asking: string, name: string): string[] | undefined {
    const wanted = folded(name);
    const found = this.#networksOf(asking).flatMap((network) => {
      const suffix = `.${folded(network.name)}`;
      const linked = linkedName(network.members.get(asking), wanted);
      const inNetwork = wanted.endsWith(suffix) ? network.byName.get(wanted.slice(0, -suffix.length)) : undefined;
      const owners = network.byName.get(linked ?? wanted) ?? inNetwork;
      return [...(owners?.values() ?? [])].flat();
    });
    return found.length > 0 ? [...new Set(found)] : undefined;
  }

  /** `web.front` for an address of a shared network. */
  nameOf(asking: string, address: string): string | undefined {
    for (const network of this.#networksOf(asking)) {
      const member = network.byAddress.get(address);
      if (member?.names[0]) return `${member.names[0]}.${network.name}`;
    }
    return undefined;
  }

  #networksOf(containerId: string): NetworkNames[] {
    const ids = [...(this.#memberships.get(containerId) ?? [])];
    return ids.flatMap((id) => this.#networks.get(id) ?? []);
  }
}

/** The address in `4.3.2.1.in-addr.arpa`, or in its counterpart under `ip6.arpa`; undefined for another name. */
export function addressInReverseName(name: string): string | undefined {
  const [, labels = "", zone] = /^([0-9a-f.]+)\.(in-addr|ip6)\.arpa$/i.exec(name) ?? [];
  const parts = labels.split(".").reverse();
  const isNibbles = parts.length === 32 && parts.every((part) => part.length === 1);
  if (zone === undefined || (zone.toLowerCase() === "ip6" && !isNibbles)) return undefined;
  const text = zone.toLowerCase() === "ip6" ? (parts.join("").match(/.{4}/g) ?? []).join(":") : parts.join(".");
  const address = parseAddress(text);
  return address && formatAddress(address);
}

/** What the container calls `alias` by a link. */
function linkedName(member: DnsMember | undefined, alias: string): string | undefined {
  const link = member?.links.map(folded).find((text) => linkOf(text).alias === alias);
  return link === undefined ? undefined : linkOf(link).target;
}

/** A container may be named by its full id, of which names have the beginning. */
function linkOf(text: string): { target: string; alias: string } {
  const [target = "", alias = target] = text.replace(/^\//, "").split(":");
  return { target: /^[0-9a-f]{64}$/.test(target) ? target.slice(0, shortIdLength) : target, alias };
}

function emptyNetwork(name: string): NetworkNames {
  return { name, members: new Map(), byName: new Map(), byAddress: new Map() };
}

function folded(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
