/** Names of containers in the DNS, and the servers that answer them. Touches the world. */
import type { EndpointSettings } from "../../wire/network.js";
import { hostNameServers, reachableNameServers } from "./dns/resolv-conf.js";
import type { Sandbox } from "./networks.js";

/** Where containers on user-defined networks ask; configuration files name it, so it is Docker's. */
export const embeddedServer = "127.0.0.11";

export class SandboxNames {
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

  add(_sandbox: Sandbox): void {}
  remove(_sandbox: Sandbox): void {}
  close(): void {}
}
