/**
 * Our nftables tables in the kernel, one for each address family: the world's side of `ruleset.ts`.
 *
 * Life: a table appears with the first bridge that has the family, and goes with the last. What it should hold is known
 * here, so it can be made again as a whole when somebody flushed it.
 */
import { networkInterfaces } from "node:os";
import { messageOf } from "../../../base/errors.js";
import { forgetUdpFlows } from "../../kernel/network/conntrack.js";
import type { Nftables } from "../../kernel/network/nftables.js";
import { watchNftables } from "../../kernel/network/nftables-monitor.js";
import { addressFromBytes, type Family, formatAddress } from "../addresses/ip.js";
import { Firewalld } from "./firewalld.js";
import { syncForeignFirewalls } from "./foreign-firewalls.js";
import {
  type BridgeRules,
  bridgesChange,
  type PublishedPort,
  portsChange,
  type TableContent,
  tableName,
  wholeTable,
} from "./ruleset.js";

/** A firewall that starts makes dozens of changes in a row; one look after them does. */
const settleMs = 100;

const families = [4, 6] as const;

export interface FirewallTableOptions {
  /** As nftables takes it: letters, digits, underscores. */
  readonly name: string;
  readonly nft: Nftables;
  readonly log: (text: string) => void;
  /** Interfaces of the host between which nothing may be forwarded. */
  readonly closed: (family: Family) => readonly string[];
}

export class FirewallTable {
  readonly name: string;
  readonly #nft: Nftables;
  readonly #log: (text: string) => void;
  readonly #bridges = new Map<string, BridgeRules>();
  readonly #ports = new Map<string, PublishedPort>();
  readonly #existing = new Set<Family>();
  readonly #closed: (family: Family) => readonly string[];
  readonly #firewalld: Firewalld;
  #watcher: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ name, nft, log, closed }: FirewallTableOptions) {
    this.name = name;
    this.#nft = nft;
    this.#log = log;
    this.#closed = closed;
    this.#firewalld = new Firewalld(log);
  }

  get bridges(): readonly string[] {
    return [...this.#bridges.keys()];
  }

  /** Throws "network-failed"; then nothing has changed. */
  addBridge(rules: BridgeRules): void {
    const before = this.#bridges.get(rules.bridge);
    this.#bridges.set(rules.bridge, rules);
    try {
      this.#changeBridges();
      this.watch();
      this.reconcile();
    } catch (error) {
      if (before) this.#bridges.set(rules.bridge, before);
      else this.#bridges.delete(rules.bridge);
      throw error;
    }
  }

  removeBridge(bridge: string): void {
    if (!this.#bridges.delete(bridge)) return;
    this.#changeBridges();
    if (this.#bridges.size === 0) this.#ports.clear();
    this.reconcile();
    if (this.#bridges.size === 0) this.close();
  }

  /** One transaction. Throws "network-failed"; then nothing has changed. */
  changePorts({ remove = [], add }: { remove?: readonly PublishedPort[]; add?: readonly PublishedPort[] }): void {
    const before = new Map(this.#ports);
    // A port whose network was lost is in no rule.
    const change = { remove: remove.filter((port) => before.has(portKey(port))), ...(add ? { add } : {}) };
    for (const port of change.remove) this.#ports.delete(portKey(port));
    for (const port of change.add ?? []) this.#ports.set(portKey(port), port);
    const commands = portsChange(this.name, change);
    if (commands === "") return;
    try {
      this.#runOrRebuild(commands);
    } catch (error) {
      this.#ports.clear();
      for (const [key, port] of before) this.#ports.set(key, port);
      throw error;
    }
    this.#forgetFlows([...remove, ...(change.add ?? [])]);
  }

  /** UDP flows that began before the change must meet the new translation, or none. */
  #forgetFlows(changed: readonly PublishedPort[]): void {
    const udp = changed.filter(({ protocol }) => protocol === "udp");
    if (udp.length === 0) return;
    const ports = new Set(udp.map(({ hostPort }) => hostPort));
    const containers = new Set(udp.map(({ address }) => address));
    const own = new Set(Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)));
    const textOf = (address: Uint8Array) => formatAddress(addressFromBytes(address));
    const isHost = (address: string) => address.startsWith("127.") || own.has(address);
    try {
      forgetUdpFlows(
        ({ destination, destinationPort, replySource }) =>
          ports.has(destinationPort) && (containers.has(textOf(replySource)) || isHost(textOf(destination))),
      );
    } catch (error) {
      this.#log(`UDP flows of earlier may still go to where they went: ${messageOf(error)}`);
    }
  }

  /** Sets everything at once, whatever the kernel holds under this name, in one transaction. */
  replace(bridges: readonly BridgeRules[], ports: readonly PublishedPort[]): void {
    this.#bridges.clear();
    this.#ports.clear();
    for (const rules of bridges) this.#bridges.set(rules.bridge, rules);
    for (const port of ports) this.#ports.set(portKey(port), port);
    for (const family of families) this.#existing.add(family); // what an earlier engine left, if it is there
    this.rebuild();
    this.reconcile();
    if (bridges.length > 0) this.watch();
    else this.close();
  }

  /** Makes the tables as they should be, and takes away those that should not be. One transaction. */
  rebuild(): void {
    this.#commit(families.map((family) => (this.#isNeeded(family) ? this.#whole(family) : this.#gone(family))));
  }

  /**
   * Brings others' firewalls in line, and our table back if somebody flushed it. Reports failures only: the network as
   * such is there, and the next change of the rules tries again.
   */
  reconcile(): void {
    try {
      const { ownTables, firewalld } = syncForeignFirewalls(this.#nft, this.name, {
        all: this.bridges,
        ipv6: [...this.#bridges.values()].flatMap(({ bridge, subnets }) => (subnets[6].length > 0 ? [bridge] : [])),
      });
      if (families.some((family) => this.#isNeeded(family) && !ownTables.includes(family))) this.rebuild();
      this.#firewalld.sync(this.bridges, firewalld);
    } catch (error) {
      this.#log(`Cannot let networks through other firewalls: ${messageOf(error)}`);
    }
  }

  /** Watches for changes of others from now on. Where that cannot be, our own changes are the occasions to look. */
  watch(): void {
    try {
      this.#watcher ??= watchNftables(() => this.#reconcileSoon());
    } catch (error) {
      this.#log(`Changes of other firewalls go unnoticed: ${messageOf(error)}`);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watcher?.[Symbol.dispose]();
    this.#watcher = undefined;
  }

  #reconcileSoon(): void {
    if (this.#bridges.size === 0 || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.reconcile();
    }, settleMs).unref();
  }

  #changeBridges(): void {
    if (families.some((family) => this.#isNeeded(family) !== this.#existing.has(family))) {
      this.rebuild();
      return;
    }
    const texts = [...this.#existing].map((family) => bridgesChange(family, this.name, this.#content(family)));
    if (texts.length > 0) this.#runOrRebuild(texts.join(""));
  }

  #isNeeded(family: Family): boolean {
    return [...this.#bridges.values()].some(({ subnets }) => subnets[family].length > 0);
  }

  #whole(family: Family): string {
    return wholeTable(family, this.name, this.#content(family));
  }

  #gone(family: Family): string {
    if (!this.#existing.has(family)) return "";
    const own = tableName(family, this.name);
    return `table ${own}\ndelete table ${own}\n`;
  }

  #content(family: Family): TableContent {
    const ports = [...this.#ports.values()];
    return { bridges: [...this.#bridges.values()], ports, closed: this.#closed(family) };
  }

  #commit(texts: readonly string[]): void {
    if (texts.join("") !== "") this.#nft.run(texts.join(""));
    for (const family of families) {
      if (this.#isNeeded(family)) this.#existing.add(family);
      else this.#existing.delete(family);
    }
  }

  /** A change can only fail because the table is not what we left: then it is made anew, the change included. */
  #runOrRebuild(commands: string): void {
    try {
      this.#nft.run(commands);
    } catch (error) {
      this.#log(`The nftables tables ${this.name} were changed by somebody and are made anew: ${messageOf(error)}`);
      this.rebuild();
    }
  }
}

function portKey({ protocol, hostAddress, hostPort }: PublishedPort): string {
  return `${protocol} ${hostAddress} ${hostPort}`;
}
