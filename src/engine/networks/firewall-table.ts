/**
 * Our nftables table in the kernel: the world's side of `ruleset.ts`.
 *
 * Life: it appears with the first bridge and goes with the last. What it should hold is known here, so it can be made
 * again as a whole when somebody flushed it.
 */
import { networkInterfaces } from "node:os";
import { messageOf } from "../../base/errors.js";
import { forgetUdpFlows } from "../kernel/conntrack.js";
import type { Nftables } from "../kernel/nftables.js";
import { watchNftables } from "../kernel/nftables-monitor.js";
import { syncForeignFirewalls } from "./foreign-firewalls.js";
import { type BridgeRules, bridgesChange, type PublishedPort, portsChange, wholeTable } from "./ruleset.js";

/** A firewall that starts makes dozens of changes in a row; one look after them does. */
const settleMs = 100;

export class FirewallTable {
  readonly name: string;
  readonly #nft: Nftables;
  readonly #log: (text: string) => void;
  readonly #bridges = new Map<string, BridgeRules>();
  readonly #ports = new Map<string, PublishedPort>();
  #exists = false;
  #watcher: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `name` as nftables takes it: letters, digits, underscores. */
  constructor(name: string, nft: Nftables, log: (text: string) => void) {
    this.name = name;
    this.#nft = nft;
    this.#log = log;
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
    if (this.#bridges.size === 0) this.#drop();
    else this.#changeBridges();
    this.reconcile();
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
    const isHost = (address: string) => address.startsWith("127.") || own.has(address);
    try {
      forgetUdpFlows(
        ({ destination, destinationPort, replySource }) =>
          ports.has(destinationPort) && (containers.has(replySource) || isHost(destination)),
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
    if (bridges.length === 0) this.#drop();
    else {
      this.rebuild();
      this.watch();
    }
    this.reconcile();
  }

  /** Makes the table as it should be. */
  rebuild(): void {
    if (this.#bridges.size === 0) return;
    this.#nft.run(wholeTable(this.name, [...this.#bridges.values()], [...this.#ports.values()]));
    this.#exists = true;
  }

  /**
   * Brings others' firewalls in line, and our table back if somebody flushed it. Reports failures only: the network as
   * such is there, and the next change of the rules tries again.
   */
  reconcile(): void {
    try {
      const { ownTable } = syncForeignFirewalls(this.#nft, this.name, this.bridges);
      if (!ownTable) this.rebuild();
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
    if (this.#exists) this.#runOrRebuild(bridgesChange(this.name, [...this.#bridges.values()]));
    else this.rebuild();
  }

  /** A change can only fail because the table is not what we left: then it is made anew, the change included. */
  #runOrRebuild(commands: string): void {
    try {
      this.#nft.run(commands);
    } catch (error) {
      this.#log(`The nftables table ${this.name} was changed by somebody and is made anew: ${messageOf(error)}`);
      this.rebuild();
    }
  }

  #drop(): void {
    this.#ports.clear();
    this.#exists = false;
    this.close();
    this.#nft.run(`table ip ${this.name}\ndelete table ip ${this.name}\n`);
  }
}

function portKey({ protocol, hostAddress, hostPort }: PublishedPort): string {
  return `${protocol} ${hostAddress} ${hostPort}`;
}
