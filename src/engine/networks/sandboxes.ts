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
import type { TakenPort } from "../../wire/system.js";
import { isNetns, netnsNames, removeNetns } from "../kernel/network/namespaces.js";
import { type BridgeHost, hostLinkName } from "./bridge-host.js";
import { gatewaysOf, linksOf, vethName } from "./endpoint-links.js";
import { EndpointRegistry } from "./endpoint-registry.js";
import type { FirewallTable } from "./firewall/firewall-table.js";
import type { LinkRemover } from "./link-remover.js";
import { bridgeRules, type NetworkRecord } from "./network-record.js";
import type { EndpointRequest, Sandbox, SandboxRequest, TakenOver } from "./networks.js";
import { claimPorts } from "./ports/claim-ports.js";
import { followConnections } from "./ports/follow-connections.js";
import { type HeldPort, portMapOf, portRequests, publishedPorts } from "./ports/published-ports.js";
import { holdAgain, SandboxPorts, takenPorts } from "./ports/sandbox-ports.js";
import {
  addLinks,
  deleteInside,
  type HostLinks,
  interfacesIn,
  makeNetns,
  setGateways,
  writeSandboxSysctls,
} from "./sandbox-links.js";
import { SandboxNames } from "./sandbox-names.js";

export interface SandboxesOptions {
  readonly netnsDir: string;
  readonly links: HostLinks;
  readonly table: FirewallTable;
  readonly bridges: BridgeHost;
  readonly remover: LinkRemover;
  /** Throws "network-not-found". */
  readonly record: (nameOrId: string) => NetworkRecord;
  readonly clock: Clock;
  readonly log: (text: string) => void;
}

interface LiveSandbox {
  sandbox: Sandbox;
  held: readonly HeldPort[];
}

/** The kernel takes some 50 ms for a namespace, or for fifty. */
const leavingMs = 1000;

export class Sandboxes {
  readonly endpoints: EndpointRegistry;
  readonly #options: SandboxesOptions;
  readonly #live = new Map<string, LiveSandbox>();
  readonly #names: SandboxNames;
  readonly #ports: SandboxPorts;
  readonly #leaving = new Set<string>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: SandboxesOptions) {
    this.#options = options;
    this.endpoints = new EndpointRegistry(() => options.clock.monotonicMs());
    this.#names = new SandboxNames(() => options.clock.monotonicMs());
    this.#ports = new SandboxPorts(options.record, this.#live);
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
    return takenPorts(
      ports,
      [...this.#live].map(([containerId, { held }]) => [containerId, held] as const),
    );
  }

  async detach(containerId: string): Promise<void> {
    const live = this.#live.get(containerId);
    if (!live) return;
    this.#live.delete(containerId);
    const { sandbox, held } = live;
    await using undo = new Disposer();
    undo.defer(() => this.#leaveToKernel(Object.values(sandbox.endpoints).map(vethName)));
    if (sandbox.netnsPath === this.#netnsPath(containerId)) undo.defer(() => removeNetns(this.#netnsPath(containerId)));
    for (const settings of Object.values(sandbox.endpoints)) {
      undo.defer(() => this.#unplug(sandbox, settings));
      undo.defer(() => this.endpoints.remove(containerId, settings, { wasReplaced: sandbox.standby === true }));
    }
    undo.defer(() => this.#names.remove(containerId));
    undo.defer(() => {
      for (const port of held) port.close();
    });
    const remove = publishedPorts(held, this.#ports.targets(sandbox));
    undo.defer(() => this.#options.table.changePorts({ remove }));
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
    const place = { taken: interfacesIn(netnsPath), hairpin: live.held.length > 0 };
    addLinks(netnsPath, linksOf([endpoint], place), { hostLinks: this.#options.links });
    this.#change(live, { ...sandbox.endpoints, [record.name]: endpoint.settings });
    undo.release();
    this.endpoints.add(containerId, sandbox.name, endpoint.settings);
    this.#beginNames(live);
    return live.sandbox;
  }

  async disconnect(containerId: string, network: string): Promise<Sandbox> {
    const live = this.#running(containerId);
    const record = this.#options.record(network);
    const { [record.name]: settings, ...others } = live.sandbox.endpoints;
    if (!settings) {
      throw new GantryError("network-failed", `container ${containerId} is not connected to network ${record.name}`);
    }
    const before = live.sandbox;
    this.#change(live, others);
    this.#unplug(before, settings);
    this.endpoints.remove(containerId, settings);
    await this.#options.remover.remove([vethName(settings)]);
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
      const held = holdAgain(sandbox, this.#ports.owner(sandbox), this.#options.log);
      this.#live.set(sandbox.containerId, { sandbox, held });
    }
    const ports = [...this.#live.values()].flatMap(({ sandbox, held }) =>
      publishedPorts(held, this.#ports.targets(sandbox)),
    );
    table.replace(networks.filter(({ driver }) => driver === "bridge").map(bridgeRules), ports);
    for (const sandbox of present) this.#attempt(`serve DNS to ${sandbox.name}`, () => this.#addNames(sandbox));
    const veths = present.flatMap(({ endpoints }) => Object.values(endpoints).map(vethName));
    await bridges.sweep(new Set([...networks.flatMap((record) => hostLinkName(record) ?? []), ...veths]));
    for (const name of netnsNames(netnsDir)) {
      if (!this.#live.has(name)) this.#attempt(`remove namespace ${name}`, () => removeNetns(join(netnsDir, name)));
    }
  }

  takeOver(containerId: string, { ports, from }: { ports: PortMap; from?: string }): TakenOver {
    const to = this.#running(containerId);
    const giver = from === undefined ? undefined : this.#live.get(from);
    const given = giver?.held ?? [];
    const remove = giver ? publishedPorts(given, this.#ports.targets(giver.sandbox)) : [];
    const claim = claimPorts(
      this.#ports.requests(ports, to.sandbox),
      { ports: given, owner: this.#ports.owner((giver ?? to).sandbox) },
      { owner: this.#ports.owner(to.sandbox), onFailure: (back) => giver && Object.assign(giver, { held: back }) },
    );
    try {
      this.#options.table.changePorts({ remove, add: publishedPorts(claim.held, this.#ports.targets(to.sandbox)) });
    } catch (error) {
      const back = claim.undo();
      if (giver) giver.held = back;
      throw error;
    }
    if (giver) this.#setStandby(giver, { standby: true, held: [], ports: portMapOf(giver.sandbox.ports, []) });
    this.#setStandby(to, { standby: false, held: claim.held, ports: portMapOf(ports, claim.held) });
    return { to: to.sandbox, ...(giver ? { from: giver.sandbox } : {}) };
  }

  async *connections(containerId: string, signal: AbortSignal): AsyncGenerator<number, void> {
    const netnsPath = this.#live.get(containerId)?.sandbox.netnsPath;
    // In the namespace of another container nobody could tell whose they are.
    if (netnsPath !== this.#netnsPath(containerId)) yield 0;
    else yield* followConnections(netnsPath, { signal, log: this.#options.log });
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
    this.#names.close();
    await this.#deleteLeaving();
  }

  async #attachNetworks(request: SandboxRequest, wanted: readonly EndpointRequest[]): Promise<Sandbox> {
    const { containerId, name, dnsServers } = request;
    const { table, bridges, links } = this.#options;
    const planned = this.#eachOnce(wanted).map(({ record, settings }) =>
      this.endpoints.plan(record, { id: containerId, name }, settings),
    );
    const endpoints = Object.fromEntries(planned.map(({ record, settings }) => [record.name, settings]));
    await using undo = new Disposer();
    const held = this.#ports.hold(request, endpoints);
    undo.defer(() => {
      for (const port of held) port.close();
    });
    for (const { record } of planned) bridges.raise(record);
    const netnsPath = this.#netnsPath(containerId);
    removeNetns(netnsPath); // what a crash in the middle of an attach may have left
    // One that stands by will publish later.
    const hairpin = held.length > 0 || (request.standby === true && portRequests(request.ports).length > 0);
    const sandboxLinks = linksOf(planned, { taken: ["lo"], hairpin });
    makeNetns(netnsPath);
    undo.defer(() => removeNetns(netnsPath));
    for (const { settings } of planned) undo.defer(() => links.host.deleteLink(vethName(settings)));
    addLinks(netnsPath, sandboxLinks, { hostLinks: links, gateways: gatewaysOf(endpoints) });
    writeSandboxSysctls(netnsPath, request.sysctls);
    const nameServers = this.#names.serversFor(Object.values(endpoints), dnsServers);
    const ports = portMapOf(request.ports, held);
    const standby = request.standby ? { standby: true } : {};
    const sandbox: Sandbox = { containerId, name, netnsPath, endpoints, ports, nameServers, dnsServers, ...standby };
    undo.defer(() => this.#names.remove(containerId));
    const dnsPort = this.#addNames(sandbox);
    table.changePorts({ add: publishedPorts(held, this.#ports.targets(sandbox)) });
    undo.release();
    this.#addEndpoints(sandbox);
    return this.#remember(dnsPort === undefined ? sandbox : { ...sandbox, dnsPort }, held);
  }

  /** A request may name one network twice, by name and by id: what was asked there is put together. */
  #eachOnce(wanted: readonly EndpointRequest[]): Array<{ record: NetworkRecord; settings: EndpointSettings }> {
    const byId = new Map<string, { record: NetworkRecord; settings: EndpointSettings }>();
    for (const { network, settings } of wanted) {
      const record = this.#options.record(network);
      byId.set(record.id, { record, settings: { ...byId.get(record.id)?.settings, ...settings } });
    }
    return [...byId.values()];
  }

  /** Nothing passes an endpoint any more. Its veth pair stays for the kernel, or for `remover`. */
  #unplug(sandbox: Sandbox, settings: EndpointSettings): void {
    const { netnsPath } = sandbox;
    const isMacvlan = this.#ports.driverOf(settings) === "macvlan";
    if (!isMacvlan) this.#options.links.host.disablePort(vethName(settings));
    // Its MAC address is taken on the wire until the kernel gets round to it.
    else if (netnsPath && isNetns(netnsPath)) deleteInside(netnsPath, settings.MacAddress ?? "");
  }

  /**
   * Links go with their namespace, which the kernel does in the background and for many at once; doing it here would
   * hold everything up for 30 ms each. One that is still there after a while (a process lives on in the namespace) goes
   * by our hand.
   */
  #leaveToKernel(names: readonly string[]): void {
    for (const name of names) this.#leaving.add(name);
    if (this.#leaving.size === 0) return;
    this.#sweep ??= setTimeout(() => void this.#deleteLeaving(), leavingMs).unref();
  }

  async #deleteLeaving(): Promise<void> {
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
    const names = [...this.#leaving];
    this.#leaving.clear();
    await this.#options.remover.remove(names).catch((error: unknown) => {
      this.#options.log(`Cannot delete links ${names.join(", ")}: ${messageOf(error)}`);
    });
  }

  /** Gives a live sandbox other endpoints: default routes, published ports and names follow. */
  #change(live: LiveSandbox, endpoints: Readonly<Record<string, EndpointSettings>>): void {
    const remove = publishedPorts(live.held, this.#ports.targets(live.sandbox));
    const add = publishedPorts(live.held, this.#ports.targets({ endpoints }));
    setGateways(this.#ownNetns(live.sandbox), gatewaysOf(endpoints));
    if (JSON.stringify(remove) !== JSON.stringify(add)) this.#options.table.changePorts({ remove, add });
    this.#replace(live, { ...live.sandbox, endpoints });
  }

  #replace(live: LiveSandbox, sandbox: Sandbox): void {
    live.sandbox = sandbox;
    this.#names.rename(sandbox);
  }

  #setStandby(
    live: LiveSandbox,
    { standby, held, ports }: Pick<LiveSandbox, "held"> & Pick<Sandbox, "standby" | "ports">,
  ) {
    const { standby: _before, ...sandbox } = live.sandbox;
    live.held = held;
    this.#replace(live, { ...sandbox, ports, ...(standby ? { standby } : {}) });
  }

  #addNames(sandbox: Sandbox): number | undefined {
    // A container in another one's namespace is served by that one's server.
    if (sandbox.netnsPath !== this.#netnsPath(sandbox.containerId)) return undefined;
    return this.#names.add(sandbox, () => this.#live.get(sandbox.containerId)?.sandbox);
  }

  /** The first user-defined network of a running container brings it a name server of its own. */
  #beginNames(live: LiveSandbox): void {
    const { endpoints, dnsServers, nameServers } = live.sandbox;
    const servers = this.#names.serversFor(Object.values(endpoints), dnsServers);
    if (servers.join() === nameServers.join()) return;
    const sandbox = { ...live.sandbox, nameServers: servers };
    const dnsPort = this.#addNames(sandbox);
    live.sandbox = dnsPort === undefined ? sandbox : { ...sandbox, dnsPort };
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
    throw new GantryError("bad-parameter", `${message} other network`);
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
}

/** The container's own name is the first of its names in each network. */
function named(sandbox: Sandbox, name: string): Sandbox {
  const endpoints = Object.entries(sandbox.endpoints).map(([network, settings]) => {
    const { DNSNames } = settings;
    return [network, DNSNames ? { ...settings, DNSNames: [...new Set([name, ...DNSNames.slice(1)])] } : settings];
  });
  return { ...sandbox, name, endpoints: Object.fromEntries(endpoints) };
}
