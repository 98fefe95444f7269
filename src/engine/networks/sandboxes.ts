/**
 * Containers' sandboxes: attach, detach, live connect and disconnect, and taking them again after a restart.
 *
 * Touches the world. Everything of one attach happens within one turn of the event loop, so attaches do not interleave;
 * what a crash leaves between two calls is swept by `restore`.
 */
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { Disposer } from "../../base/disposal.js";
import { GantryError, messageOf } from "../../base/errors.js";
import type { PortMap } from "../../wire/container.js";
import type { EndpointSettings } from "../../wire/network.js";
import type { EngineEvent, TakenPort } from "../../wire/system.js";
import { isNetns, netnsNames, removeNetns } from "../kernel/namespaces.js";
import type { BridgeHost } from "./bridge-host.js";
import { EndpointRegistry, gatewayEndpoint, type PlannedEndpoint } from "./endpoint-registry.js";
import type { FirewallTable } from "./firewall-table.js";
import { parseIpv4 } from "./ipv4.js";
import { bridgeName, bridgeOptions, bridgeRules, mtuOf, type NetworkRecord } from "./network-record.js";
import type { EndpointRequest, Sandbox, SandboxRequest } from "./networks.js";
import { type HeldPort, holdPorts, portMapOf, portRequests, publishedPorts, refusedPorts } from "./published-ports.js";
import {
  addLinks,
  freeInterfaceName,
  type HostLinks,
  makeNetns,
  setGateway,
  writeSandboxSysctls,
} from "./sandbox-links.js";
import { SandboxNames } from "./sandbox-names.js";

export interface SandboxesOptions {
  readonly netnsDir: string;
  readonly links: HostLinks;
  readonly table: FirewallTable;
  readonly bridges: BridgeHost;
  /** Throws "network-not-found". */
  readonly record: (nameOrId: string) => NetworkRecord;
  readonly clock: Clock;
  readonly publish: (event: Pick<EngineEvent, "Type" | "Action" | "Actor">) => void;
  readonly log: (text: string) => void;
}

interface LiveSandbox {
  sandbox: Sandbox;
  readonly held: readonly HeldPort[];
}

const vethIdLength = 12;
/** The kernel takes some 50 ms for a namespace, or for fifty. */
const leavingMs = 1000;

export class Sandboxes {
  readonly endpoints = new EndpointRegistry();
  readonly #options: SandboxesOptions;
  readonly #live = new Map<string, LiveSandbox>();
  readonly #names: SandboxNames;
  readonly #leaving = new Set<string>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: SandboxesOptions) {
    this.#options = options;
    this.#names = new SandboxNames(() => options.clock.monotonicMs());
  }

  async attach(request: SandboxRequest, signal: AbortSignal): Promise<Sandbox> {
    signal.throwIfAborted();
    // A sandbox of an earlier run that was never detached would hold the ports and the name of this one.
    if (this.#live.has(request.containerId)) await this.detach(request.containerId);
    const { containerId, name, mode, dnsServers } = request;
    const empty = { containerId, name, endpoints: {}, ports: {}, dnsServers };
    switch (mode.kind) {
      case "host":
        return this.#remember({ ...empty, nameServers: this.#names.hostServers(dnsServers, "host") }, []);
      case "container":
        return this.#remember({ ...empty, ...this.#shared(mode.containerId) }, []);
      case "none":
        return this.#attachNetworks(request, []);
      case "networks":
        return this.#attachNetworks(request, mode.endpoints);
    }
  }

  takenPorts(ports: PortMap): TakenPort[] {
    return refusedPorts(portRequests(ports)).map(({ protocol, hostAddress, hostPorts }) => {
      const Container = this.#publisherOf(protocol, hostPorts.from);
      const port = { HostIp: hostAddress, HostPort: String(hostPorts.from), Type: protocol };
      return Container === undefined ? port : { ...port, Container };
    });
  }

  #publisherOf(protocol: "tcp" | "udp", hostPort: number): string | undefined {
    const publishes = ({ held }: LiveSandbox) =>
      held.some((port) => port.protocol === protocol && port.hostPort === hostPort);
    return [...this.#live].find(([, live]) => publishes(live))?.[0];
  }

  async detach(containerId: string): Promise<void> {
    const live = this.#live.get(containerId);
    if (!live) return;
    this.#live.delete(containerId);
    const { sandbox, held } = live;
    await using undo = new Disposer();
    undo.defer(() => this.#leaveToKernel(Object.values(sandbox.endpoints).map(vethName)));
    if (sandbox.netnsPath === this.#netnsPath(containerId)) undo.defer(() => removeNetns(this.#netnsPath(containerId)));
    for (const [network, settings] of Object.entries(sandbox.endpoints)) {
      undo.defer(() => this.#publish("disconnect", containerId, network, settings));
      undo.defer(() => this.#options.links.host.disablePort(vethName(settings)));
      undo.defer(() => this.endpoints.remove(containerId, settings));
    }
    undo.defer(() => this.#names.remove(containerId));
    undo.defer(() => {
      for (const port of held) port.close();
    });
    undo.defer(() => this.#options.table.changePorts({ remove: publishedPorts(held, targetOf(sandbox) ?? "") }));
  }

  async connect(containerId: string, { network, settings }: EndpointRequest): Promise<Sandbox> {
    const live = this.#running(containerId);
    const { sandbox } = live;
    const record = this.#options.record(network);
    const netnsPath = this.#ownNetns(sandbox);
    if (record.name in sandbox.endpoints) {
      const message = `endpoint with name ${sandbox.name} already exists in network ${record.name}`;
      throw new GantryError("network-in-use", message);
    }
    const endpoint = this.endpoints.plan(record, { id: containerId, name: sandbox.name }, settings);
    await using undo = new Disposer();
    this.#options.bridges.raise(record);
    undo.defer(() => this.#options.links.host.deleteLink(vethName(endpoint.settings)));
    const link = linkOf(endpoint, freeInterfaceName(netnsPath), live.held.length > 0);
    addLinks(netnsPath, [link], this.#options.links);
    this.#change(live, { ...sandbox.endpoints, [record.name]: endpoint.settings });
    undo.release();
    this.endpoints.add(containerId, sandbox.name, endpoint.settings);
    this.#publish("connect", containerId, record.name, endpoint.settings);
    return live.sandbox;
  }

  async disconnect(containerId: string, network: string): Promise<Sandbox> {
    const live = this.#running(containerId);
    const record = this.#options.record(network);
    const { [record.name]: settings, ...others } = live.sandbox.endpoints;
    if (!settings) {
      throw new GantryError("network-failed", `container ${containerId} is not connected to network ${record.name}`);
    }
    this.#options.links.host.deleteLink(vethName(settings));
    this.endpoints.remove(containerId, settings);
    this.#change(live, others);
    this.#publish("disconnect", containerId, record.name, settings);
    return live.sandbox;
  }

  /** Raises `networks`, sets all rules at once, takes what the live containers hold, and sweeps what is nobody's. */
  async restore(live: readonly Sandbox[], networks: readonly NetworkRecord[]): Promise<void> {
    const { table, bridges, netnsDir } = this.#options;
    const present = live
      .filter(({ netnsPath }) => netnsPath === undefined || isNetns(netnsPath))
      .map((sandbox) => named(sandbox, sandbox.name)); // it may have been renamed since its names were written down
    for (const record of networks) this.#attempt(`raise network ${record.name}`, () => bridges.raiseLink(record));
    for (const sandbox of present) {
      this.#addEndpoints(sandbox);
      this.#live.set(sandbox.containerId, { sandbox, held: this.#heldAgain(sandbox) });
    }
    const ports = [...this.#live.values()].flatMap(({ sandbox, held }) =>
      publishedPorts(held, targetOf(sandbox) ?? "").filter(({ address }) => address !== ""),
    );
    table.replace(networks.map(bridgeRules), ports);
    for (const sandbox of present) this.#attempt(`serve DNS to ${sandbox.name}`, () => this.#addNames(sandbox));
    const veths = present.flatMap(({ endpoints }) => Object.values(endpoints).map(vethName));
    bridges.sweep(new Set([...networks.map(bridgeName), ...veths]));
    for (const name of netnsNames(netnsDir)) {
      if (!this.#live.has(name)) this.#attempt(`remove namespace ${name}`, () => removeNetns(join(netnsDir, name)));
    }
  }

  rename(containerId: string, name: string): void {
    const live = this.#live.get(containerId);
    if (!live) return;
    this.#replace(live, named(live.sandbox, name));
    this.#addEndpoints(live.sandbox);
  }

  async close(): Promise<void> {
    for (const { held } of this.#live.values()) for (const port of held) port.close();
    this.#live.clear();
    this.#deleteLeaving();
    this.#names.close();
  }

  async #attachNetworks(request: SandboxRequest, wanted: readonly EndpointRequest[]): Promise<Sandbox> {
    const { containerId, name, dnsServers } = request;
    const { table, bridges, links } = this.#options;
    const planned = wanted.map(({ network, settings }) =>
      this.endpoints.plan(this.#options.record(network), { id: containerId, name }, settings),
    );
    const endpoints = Object.fromEntries(planned.map(({ record, settings }) => [record.name, settings]));
    const gateway = gatewayEndpoint(endpoints);
    await using undo = new Disposer();
    const held = this.#hold(request, gateway);
    undo.defer(() => {
      for (const port of held) port.close();
    });
    for (const { record } of planned) bridges.raise(record);
    const netnsPath = this.#netnsPath(containerId);
    removeNetns(netnsPath); // what a crash in the middle of an attach may have left
    makeNetns(netnsPath);
    undo.defer(() => removeNetns(netnsPath));
    for (const { settings } of planned) undo.defer(() => links.host.deleteLink(vethName(settings)));
    const sandboxLinks = planned.map((endpoint, at) => linkOf(endpoint, `eth${at}`, held.length > 0));
    addLinks(netnsPath, sandboxLinks, links);
    if (gateway) setGateway(netnsPath, gatewayOf(gateway));
    writeSandboxSysctls(netnsPath, request.sysctls);
    const nameServers = this.#names.serversFor(Object.values(endpoints), dnsServers);
    const ports = portMapOf(request.ports, held);
    const sandbox: Sandbox = { containerId, name, netnsPath, endpoints, ports, nameServers, dnsServers };
    undo.defer(() => this.#names.remove(containerId));
    this.#addNames(sandbox);
    table.changePorts({ add: publishedPorts(held, gateway?.IPAddress ?? "") });
    undo.release();
    this.#addEndpoints(sandbox);
    for (const [network, settings] of Object.entries(endpoints)) {
      this.#publish("connect", containerId, network, settings);
    }
    return this.#remember(sandbox, held);
  }

  /**
   * Links go with their namespace, which the kernel does in the background and for many at once; doing it here would
   * hold everything up for 30 ms each. One that is still there after a while (a process lives on in the namespace) goes
   * by our hand.
   */
  #leaveToKernel(names: readonly string[]): void {
    for (const name of names) this.#leaving.add(name);
    if (this.#leaving.size === 0) return;
    this.#sweep ??= setTimeout(() => this.#deleteLeaving(), leavingMs).unref();
  }

  #deleteLeaving(): void {
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
    for (const name of this.#leaving) {
      this.#attempt(`delete link ${name}`, () => this.#options.links.host.deleteLink(name));
    }
    this.#leaving.clear();
  }

  /** Docker ignores port mappings of a container that only has internal networks; so do we. */
  #hold({ containerId, name, ports }: SandboxRequest, gateway: EndpointSettings | undefined): HeldPort[] {
    if (!gateway) return [];
    const { options } = this.#options.record(gateway.NetworkID ?? "");
    const address = options[bridgeOptions.hostBinding];
    const requests = portRequests(ports, address === "0.0.0.0" ? "" : address);
    return holdPorts(requests, {
      endpoint: `${name} (${gateway.EndpointID})`,
      target: () => targetOf(this.#live.get(containerId)?.sandbox),
    });
  }

  /** The ports a sandbox had when the last engine died; one that somebody took meanwhile is reported and skipped. */
  #heldAgain(sandbox: Sandbox): HeldPort[] {
    const target = () => targetOf(this.#live.get(sandbox.containerId)?.sandbox);
    return portRequests(sandbox.ports).flatMap((request) => {
      try {
        return holdPorts([request], { endpoint: sandbox.name, target });
      } catch (error) {
        this.#options.log(messageOf(error));
        return [];
      }
    });
  }

  /** Gives a live sandbox other endpoints: default route, published ports and names follow. */
  #change(live: LiveSandbox, endpoints: Readonly<Record<string, EndpointSettings>>): void {
    const before = targetOf(live.sandbox);
    const gateway = gatewayEndpoint(endpoints);
    const after = gateway?.IPAddress;
    setGateway(this.#ownNetns(live.sandbox), gateway && gatewayOf(gateway));
    if (before !== after) {
      this.#options.table.changePorts({
        remove: before ? publishedPorts(live.held, before) : [],
        add: after ? publishedPorts(live.held, after) : [],
      });
    }
    this.#replace(live, { ...live.sandbox, endpoints });
  }

  #replace(live: LiveSandbox, sandbox: Sandbox): void {
    live.sandbox = sandbox;
    this.#names.rename(sandbox);
  }

  #addNames(sandbox: Sandbox): void {
    // A container in another one's namespace is served by that one's server.
    if (sandbox.netnsPath !== this.#netnsPath(sandbox.containerId)) return;
    this.#names.add(sandbox, () => this.#live.get(sandbox.containerId)?.sandbox);
  }

  #addEndpoints({ containerId, name, endpoints }: Sandbox): void {
    for (const settings of Object.values(endpoints)) this.endpoints.add(containerId, name, settings);
  }

  #remember(sandbox: Sandbox, held: readonly HeldPort[]): Sandbox {
    this.#live.set(sandbox.containerId, { sandbox, held });
    return sandbox;
  }

  #shared(containerId: string): Pick<Sandbox, "netnsPath" | "nameServers"> {
    const { netnsPath, nameServers } = this.#running(containerId).sandbox;
    return { nameServers, ...(netnsPath === undefined ? {} : { netnsPath }) };
  }

  #running(containerId: string): LiveSandbox {
    const live = this.#live.get(containerId);
    if (live) return live;
    throw new GantryError("container-not-running", `container ${containerId} is not running`);
  }

  #ownNetns({ containerId, netnsPath }: Sandbox): string {
    if (netnsPath === this.#netnsPath(containerId)) return netnsPath;
    const message = "container sharing network namespace with another container or host cannot be connected to any";
    throw new GantryError("network-conflict", `${message} other network`);
  }

  #netnsPath(containerId: string): string {
    return join(this.#options.netnsDir, containerId);
  }

  #attempt(what: string, work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.#options.log(`Cannot ${what}: ${messageOf(error)}`);
    }
  }

  #publish(action: string, container: string, network: string, settings: EndpointSettings): void {
    const attributes = { container, name: network, type: "bridge" };
    this.#options.publish({
      Type: "network",
      Action: action,
      Actor: { ID: settings.NetworkID ?? "", Attributes: attributes },
    });
  }
}

/** The container's own name is the first of its names in each network. */
function named(sandbox: Sandbox, name: string): Sandbox {
  const endpoints = Object.entries(sandbox.endpoints).map(([network, settings]) => {
    const { DNSNames } = settings;
    return [network, DNSNames ? { ...settings, DNSNames: [...new Set([name, ...DNSNames.slice(1)])] } : settings];
  });
  return { ...sandbox, name, endpoints: Object.fromEntries(endpoints) };
}

/** Where published ports lead: the container's address on its gateway network. */
function targetOf(sandbox: Sandbox | undefined): string | undefined {
  return sandbox && gatewayEndpoint(sandbox.endpoints)?.IPAddress;
}

function gatewayOf({ Gateway = "", MacAddress = "" }: EndpointSettings): { gateway: number; mac: string } {
  return { gateway: parseIpv4(Gateway) ?? 0, mac: MacAddress };
}

function linkOf({ record, settings, address, prefix, mac }: PlannedEndpoint, inside: string, hairpin: boolean) {
  const outside = vethName(settings);
  return { inside, outside, bridge: bridgeName(record), address, prefix, mac, mtu: mtuOf(record), hairpin };
}

/** Derived from the endpoint, so that a restarted engine knows it. */
function vethName({ EndpointID = "" }: EndpointSettings): string {
  return `gv-${EndpointID.slice(0, vethIdLength)}`;
}
