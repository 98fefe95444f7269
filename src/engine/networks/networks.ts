/**
 * Networks and containers' places in them, as the rest of the engine sees them. Implemented by `network-store.ts` and
 * its neighbours.
 *
 * Life: a network has a record from `create` to `remove`; its bridge and nftables rules exist while it is used or after
 * `restore`. A container has a sandbox (network namespace, interfaces, addresses, published ports, DNS names) from
 * `attach` to `detach`; it survives the engine's death, and `restore` takes its ports, DNS sockets and names again.
 */
import type { PortMap } from "../../wire/container.js";
import type { EndpointSettings, NetworkCreateBody, NetworkInspect } from "../../wire/network.js";
import type { TakenPort } from "../../wire/system.js";

/**
 * Which networks, names and ports a container wants. `endpoints` is empty for the modes `host`, `none`, `container`.
 */
export interface SandboxRequest {
  readonly containerId: string;
  /** Without slash; it and the short id resolve on user-defined networks. */
  readonly name: string;
  readonly mode:
    | { readonly kind: "networks"; readonly endpoints: readonly EndpointRequest[] }
    | { readonly kind: "none" }
    | { readonly kind: "host" }
    | { readonly kind: "container"; readonly containerId: string };
  readonly ports: PortMap;
  /** Upstream name servers from `--dns`; empty means the host's. */
  readonly dnsServers: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** It publishes nothing and answers to no name until `takeOver`. */
  readonly standby?: boolean;
}
export interface EndpointRequest {
  /** Name or id. */
  readonly network: string;
  readonly settings: EndpointSettings;
}

/**
 * `netnsPath` is what the OCI spec's network namespace points at; undefined for `host`. Serialisable: kept in the
 * record.
 */
export interface Sandbox {
  readonly containerId: string;
  readonly name: string;
  readonly netnsPath?: string;
  /** By network name, in the order of the interfaces eth0, eth1, …; addresses filled in. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** Published ports with the host ports really taken; `null` for exposed-only. */
  readonly ports: PortMap;
  /** What `/etc/resolv.conf` names: 127.0.0.11 on user-defined networks, else the host's (or `--dns`). */
  readonly nameServers: readonly string[];
  readonly dnsServers: readonly string[];
  /** Where the engine answers what is asked of 127.0.0.11:53; absent without a name server of its own. */
  readonly dnsPort?: number;
  readonly standby?: boolean;
}

/** The sandboxes as they are afterwards; `from` only if that one runs. */
export interface TakenOver {
  readonly to: Sandbox;
  readonly from?: Sandbox;
}

export interface Networks {
  /**
   * Throws "network-conflict" for a name in use, "subnet-overlap", "bad-parameter", "network-forbidden", "not-
   * supported".
   */
  create(body: NetworkCreateBody): Promise<NetworkInspect>;
  /** By full id, exact name or id prefix. Throws "network-not-found". */
  get(nameOrId: string): NetworkInspect;
  list(filters: Readonly<Record<string, readonly string[]>>): NetworkInspect[];
  /** Throws "network-in-use" with active endpoints or for a predefined network. */
  remove(nameOrId: string): Promise<void>;
  /**
   * Reserves the host ports, makes the namespace, links, addresses, names, port maps: all or nothing. Throws "port-in-
   * use".
   */
  attach(request: SandboxRequest, signal: AbortSignal): Promise<Sandbox>;
  /** Which of the fixed host ports could not be taken now. Takes none. */
  takenPorts(ports: PortMap): TakenPort[];
  /** Undoes `attach`. Does nothing for a container without sandbox. */
  detach(containerId: string): Promise<void>;
  /** Adds a network to a running container's sandbox; returns the new sandbox. */
  connect(containerId: string, endpoint: EndpointRequest): Promise<Sandbox>;
  disconnect(containerId: string, network: string): Promise<Sandbox>;
  /**
   * Ends a running container's standby: it publishes `ports` and answers to its names from now on. With `from` it takes
   * that container's place in one transaction, sockets included, and that one stands by. Connections under way stay
   * where they are. Throws "port-in-use", "network-failed"; then nothing has changed.
   */
  takeOver(containerId: string, options: { readonly ports: PortMap; readonly from?: string }): TakenOver;
  /**
   * How many clients have with a running container that has a network namespace of its own, none otherwise: now, and
   * as they end. The last one is 0, unless `signal` aborts.
   */
  connections(containerId: string, signal: AbortSignal): AsyncGenerator<number, void>;
  /**
   * After an engine restart: takes bridges, rules, port holders and DNS sockets of these live sandboxes again, removes
   * others.
   */
  restore(live: readonly Sandbox[]): Promise<void>;
  /** Renames a container in the DNS. */
  rename(containerId: string, name: string): void;
  /** Closes sockets; leaves containers' networks as they are. */
  close(): Promise<void>;
}
