/**
 * The networks of one engine: their records, and the commands on them. What a container gets is in `sandboxes.ts`.
 *
 * Touches the world. See `networks.ts` for the life of what is made here. A user's network has its bridge from `create`
 * to `remove`, so that other engines see its range as taken; the predefined `bridge` has it from its first container.
 */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { GantryError } from "../../base/errors.js";
import type { PortMap } from "../../wire/container.js";
import type { NetworkCreateBody, NetworkInspect } from "../../wire/network.js";
import type { EngineEvent, TakenPort } from "../../wire/system.js";
import { openNftables } from "../kernel/network/nftables.js";
import { Rtnetlink } from "../kernel/network/rtnetlink.js";
import { JsonRecords } from "../store/json-records.js";
import type { Subnet } from "./addresses/ip.js";
import { addressPlans, plannedPools, ulaOf } from "./addresses/ipam.js";
import { BridgeHost, hostLinkName } from "./bridge-host.js";
import { checkCreateBody, familiesOf } from "./create-request.js";
import { FirewallTable } from "./firewall/firewall-table.js";
import { Forwarding } from "./forwarding.js";
import { LinkRemover } from "./link-remover.js";
import {
  isPredefined,
  type NetworkRecord,
  networkRecordSchema,
  parseNetworkRecord,
  predefined,
  predefinedRecord,
  recordOf,
} from "./network-record.js";
import { inspectNetwork, matchesNetwork } from "./network-view.js";
import type { EndpointRequest, Networks, Sandbox, SandboxRequest, TakenOver } from "./networks.js";
import { Sandboxes } from "./sandboxes.js";

export interface NetworkStoreOptions {
  /** Records live in `<stateDir>/networks`, namespaces in `<runDir>/netns`. */
  readonly stateDir: string;
  readonly runDir: string;
  /** Tells this engine's links and rules from another's on the same machine. Same after a restart. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly publish: (event: Pick<EngineEvent, "Type" | "Action" | "Actor">) => void;
  readonly log: (text: string) => void;
}

const idBytes = 32;

export class NetworkStore implements Networks {
  readonly #options: NetworkStoreOptions;
  readonly #records: JsonRecords<NetworkRecord>;
  readonly #bridges: BridgeHost;
  readonly #sandboxes: Sandboxes;
  /** Records on their way to the disk, and off it: a name is taken from the first, and free from the second. */
  readonly #arriving = new Set<NetworkRecord>();
  readonly #leaving = new Set<string>();
  readonly #ula: Subnet;

  private constructor(options: NetworkStoreOptions, records: JsonRecords<NetworkRecord>) {
    this.#options = options;
    this.#records = records;
    const { hash, table: name } = instanceNames(options.instanceId);
    this.#ula = ulaOf(hash);
    // The highest byte keeps clear of the small numbers that people give to link groups.
    const own = Number.parseInt(hash.slice(0, 6), 16);
    const links = { host: new Rtnetlink(), group: 0x67000000 | own, doomed: 0x68000000 | own };
    const forwarding = new Forwarding(join(options.runDir, "forwarding.json"), links);
    const { log } = options;
    const table = new FirewallTable({ name, nft: openNftables(), log, closed: (family) => forwarding.closed(family) });
    const remover = new LinkRemover(links);
    this.#bridges = new BridgeHost({ links, table, forwarding, remover });
    this.#sandboxes = new Sandboxes({
      ...{ clock: options.clock, log, links, table, remover },
      netnsDir: join(options.runDir, "netns"),
      bridges: this.#bridges,
      record: (nameOrId) => this.#record(nameOrId),
    });
  }

  /** Reads the records and makes the predefined networks' if there are none. Nothing in the kernel changes. */
  static async open(options: NetworkStoreOptions): Promise<NetworkStore> {
    const records = await JsonRecords.open<NetworkRecord>({
      directory: join(options.stateDir, "networks"),
      schema: networkRecordSchema,
      parse: parseNetworkRecord,
      onDamaged: ({ path, reason }) => options.log(`A network's record is damaged and set aside: ${path}: ${reason}`),
    });
    const store = new NetworkStore(options, records);
    for (const name of predefined) await store.#ensurePredefined(name);
    return store;
  }

  async create(body: NetworkCreateBody): Promise<NetworkInspect> {
    checkCreateBody(body);
    const existing = this.#known().find(({ name }) => name === body.Name);
    if (existing) throw new GantryError("network-conflict", `network with name ${body.Name} already exists`);
    const choice = { ...this.#takenSubnets(), families: familiesOf(body) };
    const record = recordOf(body, this.#newIdentity(plannedPools(body.IPAM, choice)));
    this.#checkBridgeName(record);
    this.#bridges.raise(record);
    this.#arriving.add(record);
    try {
      await this.#records.set(record.id, record);
    } catch (error) {
      await this.#bridges.remove(record, this.#known());
      throw error;
    } finally {
      this.#arriving.delete(record);
    }
    this.#publish("create", record);
    return this.#inspect(record);
  }

  get(nameOrId: string): NetworkInspect {
    return this.#inspect(this.#record(nameOrId));
  }

  list(filters: Readonly<Record<string, readonly string[]>>): NetworkInspect[] {
    return this.#present()
      .filter((record) => matchesNetwork(record, filters, this.#sandboxes.endpoints.of(record.id).size > 0))
      .map((record) => this.#inspect(record));
  }

  async remove(nameOrId: string): Promise<void> {
    const record = this.#record(nameOrId);
    if (isPredefined(record.name)) {
      throw new GantryError("network-in-use", `${record.name} is a pre-defined network and cannot be removed`);
    }
    const users = [...this.#sandboxes.endpoints.of(record.id).values()].map(({ name }) => name);
    if (users.length > 0) {
      const message = `error while removing network: network ${record.name} id ${record.id} has active endpoints`;
      throw new GantryError("network-in-use", message, { hint: `Stop or disconnect first: ${users.join(", ")}` });
    }
    this.#leaving.add(record.id);
    try {
      await this.#bridges.remove(record, this.#present());
      await this.#records.remove(record.id);
    } finally {
      this.#leaving.delete(record.id);
    }
    this.#publish("destroy", record);
  }

  takenPorts(ports: PortMap): TakenPort[] {
    return this.#sandboxes.takenPorts(ports);
  }

  attach(request: SandboxRequest, signal: AbortSignal): Promise<Sandbox> {
    return this.#sandboxes.attach(request, signal);
  }

  detach(containerId: string): Promise<void> {
    return this.#sandboxes.detach(containerId);
  }

  connect(containerId: string, endpoint: EndpointRequest): Promise<Sandbox> {
    return this.#sandboxes.connect(containerId, endpoint);
  }

  disconnect(containerId: string, network: string): Promise<Sandbox> {
    return this.#sandboxes.disconnect(containerId, network);
  }

  takeOver(containerId: string, options: { readonly ports: PortMap; readonly from?: string }): TakenOver {
    return this.#sandboxes.takeOver(containerId, options);
  }

  connections(containerId: string, signal: AbortSignal): AsyncGenerator<number, void> {
    return this.#sandboxes.connections(containerId, signal);
  }

  async restore(live: readonly Sandbox[]): Promise<void> {
    const used = new Set(live.flatMap(({ endpoints }) => Object.values(endpoints).map(({ NetworkID }) => NetworkID)));
    const raised = this.#records
      .values()
      .filter(({ driver }) => driver === "bridge" || driver === "macvlan")
      .filter(({ name, id }) => !isPredefined(name) || used.has(id));
    await this.#sandboxes.restore(live, raised);
  }

  rename(containerId: string, name: string): void {
    this.#sandboxes.rename(containerId, name);
  }

  async close(): Promise<void> {
    await this.#sandboxes.close();
    await this.#bridges.close();
  }

  #inspect(record: NetworkRecord): NetworkInspect {
    return inspectNetwork(record, this.#sandboxes.endpoints.of(record.id));
  }

  #present(): NetworkRecord[] {
    return this.#records.values().filter(({ id }) => !this.#leaving.has(id));
  }

  #known(): NetworkRecord[] {
    return [...this.#records.values(), ...this.#arriving];
  }

  /** Full id, then exact name, then id prefix. */
  #record(nameOrId: string): NetworkRecord {
    const present = this.#present();
    const exact = present.find(({ id }) => id === nameOrId) ?? present.find(({ name }) => name === nameOrId);
    if (exact) return exact;
    const matches = nameOrId === "" ? [] : present.filter(({ id }) => id.startsWith(nameOrId));
    if (matches.length > 1) {
      throw new GantryError("bad-parameter", `network ${nameOrId} is ambiguous (${matches.length} matches found)`);
    }
    if (matches[0]) return matches[0];
    throw new GantryError("network-not-found", `network ${nameOrId} not found`);
  }

  async #ensurePredefined(name: (typeof predefined)[number]): Promise<void> {
    if (this.#records.values().some((record) => record.name === name)) return;
    const choice = { ...this.#takenSubnets(), families: [4] as const };
    const pools = name === "bridge" ? plannedPools(null, choice) : [];
    const record = predefinedRecord(name, this.#newIdentity(pools));
    await this.#records.set(record.id, record);
  }

  #newIdentity(pools: NetworkRecord["pools"]) {
    return { id: randomBytes(idBytes).toString("hex"), createdAt: this.#options.clock.now(), pools };
  }

  #takenSubnets(): { networks: Subnet[]; host: Subnet[]; ula: Subnet } {
    const networks = this.#known().flatMap(({ pools }) => addressPlans(pools).map(({ subnet }) => subnet));
    return { networks, host: this.#bridges.hostSubnets(), ula: this.#ula };
  }

  #checkBridgeName(record: NetworkRecord): void {
    if (record.driver !== "bridge") return;
    const name = hostLinkName(record);
    const other = this.#known().find((one) => one.driver === "bridge" && hostLinkName(one) === name);
    if (!other) return;
    const reason = `conflicts with network ${other.id} (${name}): networks have same bridge name`;
    throw new GantryError("network-forbidden", `cannot create network ${record.id} (${name}): ${reason}`);
  }

  #publish(action: string, record: NetworkRecord): void {
    const attributes = { name: record.name, type: record.driver };
    this.#options.publish({ Type: "network", Action: action, Actor: { ID: record.id, Attributes: attributes } });
  }
}

/** Names by which an engine's things in the kernel are known. `table` is the nftables table's. */
export function instanceNames(instanceId: string): { table: string; hash: string } {
  const hash = createHash("sha256").update(instanceId).digest("hex");
  const plain = /^[a-zA-Z0-9_]{1,32}$/.test(instanceId) ? instanceId : hash.slice(0, 12);
  return { table: `gantry_${plain}`, hash };
}
