/** The host's side of networks: bridges raised and removed with their rules, recognised again after a crash. */
import { GantryError } from "../../base/errors.js";
import { readSysctl, writeSysctl } from "../kernel/network/sysctls.js";
import { addressBytes, addressFromBytes, type Subnet, subnetOf } from "./addresses/ip.js";
import { addressPlans } from "./addresses/ipam.js";
import { macOf } from "./addresses/mac.js";
import { networkOptions } from "./driver-options.js";
import type { FirewallTable } from "./firewall/firewall-table.js";
import type { Forwarding } from "./forwarding.js";
import type { LinkRemover } from "./link-remover.js";
import { bridgeName, bridgeRules, mtuOf, type NetworkRecord } from "./network-record.js";
import type { HostLinks } from "./sandbox-links.js";

export interface BridgeHostParts {
  readonly links: HostLinks;
  readonly table: FirewallTable;
  readonly forwarding: Forwarding;
  readonly remover: LinkRemover;
}

export class BridgeHost {
  readonly #parts: BridgeHostParts;
  readonly #raised = new Set<string>();

  constructor(parts: BridgeHostParts) {
    this.#parts = parts;
  }

  /**
   * The network has its interface, and if it is a bridge address and rules, afterwards. A failure leaves nothing new.
   * Throws "network-failed", "not-supported" (a VLAN or a parent that cannot be).
   */
  raise(record: NetworkRecord): void {
    if (this.#raised.has(record.id)) return;
    const { host } = this.#parts.links;
    const name = hostLinkName(record);
    const existed = name === undefined || host.linkNamed(name) !== undefined;
    try {
      this.raiseLink(record);
      if (record.driver === "bridge") this.#parts.table.addBridge(bridgeRules(record));
    } catch (error) {
      if (!existed) host.deleteLink(name);
      this.#raised.delete(record.id);
      throw error;
    }
  }

  /** Only the interface, for callers that set all rules at once. */
  raiseLink(record: NetworkRecord): void {
    if (record.driver === "macvlan") this.#ensureParent(record.options[networkOptions.parent] ?? "");
    if (record.driver === "bridge") this.#ensureBridge(record);
    this.#raised.add(record.id);
  }

  /**
   * Does nothing for a network without an interface. The rules go at once, the interface when it resolves, unless one
   * of the `others` stands on it too (macvlan).
   */
  async remove(record: NetworkRecord, others: readonly NetworkRecord[]): Promise<void> {
    this.#raised.delete(record.id);
    const { table, links, remover, forwarding } = this.#parts;
    if (record.driver === "bridge") table.removeBridge(bridgeName(record));
    const name = hostLinkName(record);
    const link = name === undefined ? undefined : links.host.linkNamed(name);
    // An interface that somebody else made (`com.docker.network.bridge.name`, a VLAN's) stays theirs.
    const isShared = others.some((other) => other.id !== record.id && hostLinkName(other) === name);
    if (link?.group === links.group && !isShared) await remover.remove([link.name]);
    if (table.bridges.length === 0) forwarding.restore();
  }

  /** Deletes this engine's links that are not in `keep`. */
  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const { links, remover, forwarding, table } = this.#parts;
    const own = links.host.links().filter(({ group }) => group === links.group || group === links.doomed);
    for (const { name, group } of own) {
      // It was about to be removed when an engine died, and its record was not.
      if (group === links.doomed && keep.has(name)) links.host.setLink(name, { group: links.group });
    }
    await remover.remove(own.flatMap(({ name }) => (keep.has(name) ? [] : [name])));
    if (table.bridges.length === 0) forwarding.restore();
  }

  /** Ranges that the host routes, by any table, or has addresses in. */
  hostSubnets(): Subnet[] {
    const { host } = this.#parts.links;
    return host.routedPrefixes().map(({ address, prefix }) => subnetOf(addressFromBytes(address), prefix));
  }

  async close(): Promise<void> {
    this.#raised.clear();
    this.#parts.table.close();
    await this.#parts.remover.close();
    this.#parts.links.host[Symbol.dispose]();
  }

  /** Makes a bridge with its gateway addresses, or completes the one that is there. */
  #ensureBridge(record: NetworkRecord): void {
    const { host, group } = this.#parts.links;
    const name = bridgeName(record);
    const plans = addressPlans(record.pools);
    const families = new Set(plans.map(({ subnet }) => subnet.family));
    const mtu = mtuOf(record);
    const [first] = plans;
    if (!first) throw new GantryError("internal", `Network ${record.name} has no subnet`);
    if (families.has(6) && readSysctl(["net", "ipv6", "conf", "all", "forwarding"]) === undefined) {
      throw new GantryError("not-supported", "IPv6 is switched off in this host's kernel");
    }
    if (!host.linkNamed(name)) {
      host.addBridge({ name, mac: macOf(first.gateway), group, ...(mtu ? { mtu } : {}) });
      if (!families.has(6)) writeSysctl(["net", "ipv6", "conf", name, "disable_ipv6"], "1");
    }
    if (families.has(6)) prepareIpv6(name);
    const { index } = host.linkNamed(name) ?? { index: 0 };
    for (const { gateway, subnet } of plans) {
      host.addAddress(index, { address: addressBytes(gateway), prefix: subnet.prefix });
    }
    // Clients on the host's loopback reach published ports by it; the ruleset's guard closes what it opens.
    if (families.has(4)) writeSysctl(["net", "ipv4", "conf", name, "route_localnet"], "1");
    for (const family of families) this.#parts.forwarding.open(family);
  }

  /** The interface that a macvlan network shares; `eth0.10` is made when it is missing, as eth0's VLAN 10. */
  #ensureParent(parent: string): void {
    const { host, group } = this.#parts.links;
    if (host.linkNamed(parent)) return;
    const [, device = "", vlan = ""] = /^(.+)\.(\d{1,4})$/.exec(parent) ?? [];
    const link = device === "" ? undefined : host.linkNamed(device);
    const id = Number(vlan);
    if (!link || id < 1 || id > 4094) {
      throw new GantryError("bad-parameter", `invalid subinterface vlan name ${parent}, example formatting is eth0.10`);
    }
    try {
      host.addVlan({ name: parent, parent: link.index, id, group });
    } catch (cause) {
      throw new GantryError("not-supported", `VLAN interface ${parent} cannot be made on this host`, { cause });
    }
  }
}

/** The interface on the host that belongs to the network; undefined when there is none. */
export function hostLinkName(record: NetworkRecord): string | undefined {
  if (record.driver === "bridge") return bridgeName(record);
  return record.driver === "macvlan" ? record.options[networkOptions.parent] : undefined;
}

/** The host's own addresses in the network are the gateway's alone, and count at once. */
function prepareIpv6(bridge: string): void {
  const own = ["net", "ipv6", "conf", bridge];
  writeSysctl([...own, "accept_ra"], "0");
  writeSysctl([...own, "accept_dad"], "0");
  writeSysctl([...own, "disable_ipv6"], "0");
}
