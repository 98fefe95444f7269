/** Who answers to which name, seen from one container: only networks that it shares count. Pure. */
import { parseIpv4 } from "../ipv4.js";

/** One container's place in one network. `names` resolve to `address`; the first one is its reverse name. */
export interface DnsMember {
  readonly containerId: string;
  readonly networkId: string;
  readonly networkName: string;
  readonly names: readonly string[];
  readonly address: string;
}

interface NetworkNames {
  readonly name: string;
  readonly members: Map<string, DnsMember>;
  /** Lower-case name → container id → address. */
  readonly byName: Map<string, Map<string, string>>;
  readonly byAddress: Map<string, DnsMember>;
}

export class DnsDirectory {
  readonly #networks = new Map<string, NetworkNames>();
  readonly #memberships = new Map<string, Set<string>>();

  add(member: DnsMember): void {
    const { containerId, networkId, networkName, address } = member;
    const network = this.#networks.get(networkId) ?? emptyNetwork(networkName);
    this.#networks.set(networkId, network);
    network.members.set(containerId, member);
    network.byAddress.set(address, member);
    for (const name of member.names.map(folded)) {
      const addresses = network.byName.get(name) ?? new Map<string, string>();
      network.byName.set(name, addresses.set(containerId, address));
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
      network.byAddress.delete(member.address);
      for (const name of member.names.map(folded)) {
        const addresses = network.byName.get(name);
        addresses?.delete(containerId);
        if (addresses?.size === 0) network.byName.delete(name);
      }
      if (network.members.size === 0) this.#networks.delete(networkId);
    }
    this.#memberships.delete(containerId);
  }

  /** Addresses behind `name` (case does not matter, `name.network` narrows it down); undefined when it is not ours. */
  addressesOf(asking: string, name: string): string[] | undefined {
    const wanted = folded(name);
    const found = this.#networksOf(asking).flatMap((network) => {
      const suffix = `.${folded(network.name)}`;
      const inNetwork = wanted.endsWith(suffix) ? network.byName.get(wanted.slice(0, -suffix.length)) : undefined;
      return [...(network.byName.get(wanted) ?? inNetwork ?? new Map<string, string>()).values()];
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

/** The address in `4.3.2.1.in-addr.arpa`; undefined for another name. */
export function addressInReverseName(name: string): string | undefined {
  const digits = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/i.exec(name)?.slice(1).reverse().join(".");
  return digits !== undefined && parseIpv4(digits) !== undefined ? digits : undefined;
}

function emptyNetwork(name: string): NetworkNames {
  return { name, members: new Map(), byName: new Map(), byAddress: new Map() };
}

function folded(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
