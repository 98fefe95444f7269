/**
 * Names of containers in the DNS, and the servers that answer them. Touches the world.
 *
 * A container on a user-defined network has a server of its own inside its namespace, so the host's firewall has no say
 * in it. On the default bridge there is none, as with Docker: those containers ask the host's name servers.
 */
import type { EndpointSettings } from "../../wire/network.js";
import { decideDns, serverFailure } from "./dns/dns-answer.js";
import { DnsDirectory } from "./dns/dns-directory.js";
import { DnsForwarder, type Upstream } from "./dns/dns-forwarder.js";
import { type DnsHandler, type DnsServer, serveDns } from "./dns/dns-server.js";
import { hostNameServers, reachableNameServers } from "./dns/resolv-conf.js";
import { addressText, gatewayEndpoint } from "./endpoint-registry.js";
import type { Sandbox } from "./networks.js";

/** Where containers on user-defined networks ask; configuration files name it, so it is Docker's. */
const embeddedServer = "127.0.0.11";

const dnsPort = 53;
/** Of the forwarder's limit for all, so that one container cannot use it up for the others. */
const maxForwardsEach = 64;
/** The host's list is read again when a query comes and it is older than this: laptops change networks. */
const hostServersMaxAgeMs = 5000;

export class SandboxNames {
  readonly #directory = new DnsDirectory();
  readonly #forwarder = new DnsForwarder();
  readonly #servers = new Map<string, DnsServer>();
  readonly #monotonicMs: () => number;
  #hostServers: { readAtMs: number; servers: readonly string[] } | undefined;
  #turn = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** What `/etc/resolv.conf` of a container names. */
  serversFor(endpoints: readonly EndpointSettings[], dnsServers: readonly string[]): readonly string[] {
    if (endpoints.some(({ DNSNames }) => DNSNames)) return [embeddedServer];
    return this.hostServers(dnsServers, "container");
  }

  /** `--dns`, else the host's; within a container without those that only answer on the host's loopback. */
  hostServers(dnsServers: readonly string[], from: "host" | "container"): readonly string[] {
    if (dnsServers.length > 0) return dnsServers;
    return from === "host" ? hostNameServers() : reachableNameServers();
  }

  /**
   * Makes a sandbox's names known, and serves it if its `nameServers` say so. `current` gives the sandbox as it is when
   * a query comes. Gives the port behind port 53. Throws "syscall-failed", "network-failed".
   */
  add(sandbox: Sandbox, current: () => Sandbox | undefined): number | undefined {
    const { containerId, netnsPath, nameServers, dnsPort } = sandbox;
    if (netnsPath && nameServers.includes(embeddedServer) && !this.#servers.has(containerId)) {
      const place = { address: embeddedServer, earlierPort: dnsPort };
      this.#servers.set(containerId, serveDns(netnsPath, place, this.#handlerFor(containerId, current)));
    }
    this.rename(sandbox);
    return this.#servers.get(containerId)?.port;
  }

  /** Replaces what is known of a container's names. One that stands by has none, and may ask for those of others. */
  rename({ containerId, endpoints, standby }: Sandbox): void {
    this.#directory.remove(containerId);
    for (const [networkName, settings] of Object.entries(endpoints)) {
      const { NetworkID: networkId = "", DNSNames: names, Links } = settings;
      if (!names) continue;
      const addresses = ([4, 6] as const).flatMap((family) => addressText(settings, family) ?? []);
      const own = standby ? [] : names;
      this.#directory.add({ containerId, networkId, networkName, names: own, addresses, links: Links ?? [] });
    }
  }

  remove(containerId: string): void {
    this.#directory.remove(containerId);
    this.#servers.get(containerId)?.[Symbol.dispose]();
    this.#servers.delete(containerId);
  }

  close(): void {
    for (const containerId of [...this.#servers.keys()]) this.remove(containerId);
  }

  #handlerFor(containerId: string, current: () => Sandbox | undefined): DnsHandler {
    const view = {
      addressesOf: (name: string) => this.#directory.addressesOf(containerId, name),
      nameOf: (address: string) => this.#directory.nameOf(containerId, address),
    };
    let forwarding = 0;
    return async (query, transport) => {
      this.#turn = (this.#turn + 1) % 0x10000;
      const decision = decideDns(query, view, { transport, turn: this.#turn });
      switch (decision.kind) {
        case "ignore":
          return undefined;
        case "answer":
          return decision.reply;
        case "forward": {
          if (forwarding >= maxForwardsEach) return serverFailure(query);
          forwarding += 1;
          const reply = await this.#forwarder.forward(query, this.#upstreams(current()), transport);
          forwarding -= 1; // forwarding never rejects
          return reply ?? serverFailure(query);
        }
      }
    };
  }

  /** None for a container that has internal networks only: it shall not reach the outside by DNS either. */
  #upstreams(sandbox: Sandbox | undefined): Upstream[] {
    const isOut = sandbox && ([4, 6] as const).some((family) => gatewayEndpoint(sandbox.endpoints, family));
    if (!sandbox || !isOut) return [];
    const servers = sandbox.dnsServers.length > 0 ? sandbox.dnsServers : this.#recentHostServers();
    return servers.map((address) => ({ address, port: dnsPort }));
  }

  #recentHostServers(): readonly string[] {
    const nowMs = this.#monotonicMs();
    if (!this.#hostServers || nowMs - this.#hostServers.readAtMs > hostServersMaxAgeMs) {
      this.#hostServers = { readAtMs: nowMs, servers: hostNameServers() };
    }
    return this.#hostServers.servers;
  }
}
