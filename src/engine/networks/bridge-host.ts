/** The host's bridges: raised and removed with their rules, recognised again after a crash. Touches the world. */
import type { FirewallTable } from "./firewall-table.js";
import { addressPlan } from "./ipam.js";
import { ipv4FromBytes, type Subnet, subnetOf } from "./ipv4.js";
import { bridgeName, bridgeRules, mtuOf, type NetworkRecord } from "./network-record.js";
import { ensureBridge, type HostLinks } from "./sandbox-links.js";

export class BridgeHost {
  readonly #links: HostLinks;
  readonly #table: FirewallTable;
  readonly #raised = new Set<string>();

  constructor(links: HostLinks, table: FirewallTable) {
    this.#links = links;
    this.#table = table;
  }

  /** The network has bridge, address and rules afterwards. A failure leaves nothing new. Throws "network-failed". */
  raise(record: NetworkRecord): void {
    if (this.#raised.has(record.id)) return;
    const existed = this.#links.host.linkNamed(bridgeName(record)) !== undefined;
    try {
      this.raiseLink(record);
      this.#table.addBridge(bridgeRules(record));
    } catch (error) {
      if (!existed) this.#links.host.deleteLink(bridgeName(record));
      this.#raised.delete(record.id);
      throw error;
    }
  }

  /** Only the interface, for callers that set all rules at once. */
  raiseLink(record: NetworkRecord): void {
    const plan = addressPlan(record.pools);
    if (!plan) return;
    const { subnet, gateway } = plan;
    const bridge = { name: bridgeName(record), gateway, prefix: subnet.prefix, mtu: mtuOf(record) };
    ensureBridge(bridge, this.#links);
    this.#raised.add(record.id);
  }

  /** Does nothing for a network without a bridge. */
  remove(record: NetworkRecord): void {
    this.#raised.delete(record.id);
    this.#table.removeBridge(bridgeName(record));
    // A bridge of this name that somebody else made (`com.docker.network.bridge.name`) stays theirs.
    const link = this.#links.host.linkNamed(bridgeName(record));
    if (link?.group === this.#links.group) this.#links.host.deleteLink(link.name);
  }

  /** Deletes this engine's links that are not in `keep`; gives the names of those deleted. */
  sweep(keep: ReadonlySet<string>): string[] {
    const { host, group } = this.#links;
    const stale = host.links().filter((link) => link.group === group && !keep.has(link.name));
    return stale.filter(({ name }) => host.deleteLink(name)).map(({ name }) => name);
  }

  /** Ranges that the host routes, by any table, or has addresses in. */
  hostSubnets(): Subnet[] {
    return this.#links.host.routedPrefixes().map(({ address, prefix }) => subnetOf(ipv4FromBytes(address), prefix));
  }

  close(): void {
    this.#raised.clear();
    this.#table.close();
    this.#links.host[Symbol.dispose]();
  }
}
