/**
 * The kernel's part of a sandbox: its namespace, its links and addresses, and the host's bridges.
 *
 * Touches the world, by synchronous calls only: nothing else of the engine runs in between, so a sandbox is either made
 * or unmade. No process is spawned.
 */
import { closeSync, openSync } from "node:fs";
import { GantryError, isGantryError } from "../../base/errors.js";
import { createNetns, inNetns } from "../kernel/network/namespaces.js";
import { type MacvlanRequest, Rtnetlink } from "../kernel/network/rtnetlink.js";
import { type SysctlPath, sysctlPath, writeSysctl } from "../kernel/network/sysctls.js";
import { type Address, addressBytes, type Family } from "./addresses/ip.js";
import { formatMac } from "./addresses/mac.js";
import type { EndpointAddress } from "./endpoint-registry.js";

/** One interface of a container. */
export interface SandboxLink {
  /** Interface inside: `eth0`. */
  readonly inside: string;
  readonly addresses: readonly EndpointAddress[];
  readonly mac: Uint8Array;
  readonly mtu: number | undefined;
  /** With the placeholder `IFNAME`. */
  readonly sysctls: ReadonlyArray<{ readonly path: SysctlPath; readonly value: string }>;
  readonly wire: BridgeWire | MacvlanWire;
}
/** A veth pair. `outside` is the near end's name on the host. */
interface BridgeWire {
  readonly kind: "bridge";
  readonly outside: string;
  readonly bridge: string;
  /** Replies to a container's own published port come back through the port they went out of. */
  readonly hairpin: boolean;
}
interface MacvlanWire {
  readonly kind: "macvlan";
  readonly parent: string;
  readonly mode: MacvlanRequest["mode"];
}

/** Groups tag links as this engine's: `ip link show group N`. Those of `doomed` are on their way out. */
export interface HostLinks {
  readonly host: Rtnetlink;
  readonly group: number;
  readonly doomed: number;
}

/** What every container's namespace has, as Docker sets it: low ports and ping without privileges. */
const sandboxSysctls: ReadonlyArray<readonly [SysctlPath, string]> = [
  [["net", "ipv4", "ip_unprivileged_port_start"], "0"],
  [["net", "ipv4", "ping_group_range"], "0 2147483647"],
  [["net", "ipv6", "conf", "default", "disable_ipv6"], "1"],
];

/** Makes the namespace with its loopback up. A failure leaves no namespace. */
export function makeNetns(path: string): void {
  createNetns(path);
  using inside = inNetns(path, () => {
    for (const [sysctl, value] of sandboxSysctls) writeSysctl(sysctl, value);
    return new Rtnetlink();
  });
  inside.setLink("lo", { up: true });
}

/** A default route goes through the link with `mac`. */
export interface Via {
  readonly gateway: Address;
  readonly mac: string;
}
export type Gateways = Readonly<Record<Family, Via | undefined>>;

/**
 * Puts links into a namespace, addresses included, and sets the default routes that lead through them. Whoever calls
 * removes what was made when it throws.
 */
export function addLinks(
  netnsPath: string,
  links: readonly SandboxLink[],
  { hostLinks, gateways }: { hostLinks: HostLinks; gateways?: Gateways },
): void {
  if (links.length === 0) return;
  const netnsFd = openSync(netnsPath, "r");
  try {
    for (const link of links) addWire(link, netnsFd, hostLinks);
  } finally {
    closeSync(netnsFd);
  }
  using inside = inNetns(netnsPath, () => {
    for (const link of links) writeLinkSysctls(link);
    return new Rtnetlink();
  });
  for (const link of links) {
    const index = inside.setLink(link.inside, { up: true });
    for (const { address, prefix } of link.addresses) {
      inside.addAddress(index, { address: addressBytes(address), prefix });
    }
    for (const via of [gateways?.[4], gateways?.[6]]) {
      if (via?.mac === formatMac(link.mac)) inside.setDefaultRoute(addressBytes(via.gateway), index);
    }
  }
}

function addWire({ inside, mac, mtu, wire }: SandboxLink, netnsFd: number, { host, group }: HostLinks): void {
  const size = mtu ? { mtu } : {};
  if (wire.kind === "macvlan") {
    const parent = indexOf(host, wire.parent);
    host.addMacvlan({ name: inside, parent, mode: wire.mode, netnsFd, mac, ...size });
    return;
  }
  const { outside } = wire;
  const master = indexOf(host, wire.bridge);
  host.addVeth({ name: outside, master, group, peer: { name: inside, netnsFd, mac }, ...size });
  writeSysctl(["net", "ipv6", "conf", outside, "disable_ipv6"], "1");
  if (wire.hairpin) host.setHairpin(outside);
}

/**
 * Before the link is up: it shall have no addresses of its own making, and no waiting for duplicates of those given.
 */
function writeLinkSysctls({ inside, addresses, wire, sysctls }: SandboxLink): void {
  if (addresses.some(({ address }) => address.family === 6)) {
    const own = ["net", "ipv6", "conf", inside];
    if (wire.kind === "bridge") writeSysctl([...own, "accept_ra"], "0");
    writeSysctl([...own, "accept_dad"], "0");
    writeSysctl([...own, "disable_ipv6"], "0");
  }
  for (const { path, value } of sysctls) {
    const words = path.map((word) => (word === "IFNAME" ? inside : word));
    try {
      writeSysctl(words, value);
    } catch (cause) {
      throw new GantryError("bad-parameter", `cannot set ${words.join(".")} to ${value}`, { cause });
    }
  }
}

/** Writes the `net.` sysctls that the container asks for; others are the runtime's. Throws as `writeFileSync` does. */
export function writeSandboxSysctls(netnsPath: string, sysctls: Readonly<Record<string, string>>): void {
  const own = Object.entries(sysctls).flatMap(([name, value]) => {
    const path = sysctlPath(name);
    return path ? [{ path, value }] : [];
  });
  if (own.length === 0) return;
  inNetns(netnsPath, () => {
    for (const { path, value } of own) writeSysctl(path, value);
  });
}

/** Sets the default routes of both families anew, or takes them away. */
export function setGateways(netnsPath: string, gateways: Gateways): void {
  using inside = inNetns(netnsPath, () => new Rtnetlink());
  const links = inside.links();
  for (const family of [4, 6] as const) {
    const route = gateways[family];
    const link = links.find(({ mac }) => mac === route?.mac.replaceAll(":", ""));
    if (route && link) inside.setDefaultRoute(addressBytes(route.gateway), link.index);
    else deleteDefaultRoute(inside, family);
  }
}

function deleteDefaultRoute(inside: Rtnetlink, family: Family): void {
  try {
    inside.deleteDefaultRoute(family);
  } catch (error) {
    if (!(family === 6 && isGantryError(error, "network-failed"))) throw error; // a kernel without IPv6
  }
}

/** The lowest free numbers after `prefix` (`eth`) for those without a name. Throws "bad-parameter" for a name twice. */
export function interfaceNames(wanted: ReadonlyArray<{ name: string | undefined; prefix: string }>, taken: string[]) {
  const names = new Set(taken);
  for (const { name } of wanted) {
    if (name === undefined) continue;
    if (names.has(name)) throw new GantryError("bad-parameter", `interface name ${name} is already in use`);
    names.add(name);
  }
  return wanted.map(({ name, prefix }) => {
    if (name !== undefined) return name;
    let number = 0;
    while (names.has(`${prefix}${number}`)) number += 1;
    names.add(`${prefix}${number}`);
    return `${prefix}${number}`;
  });
}

/** Names of a namespace's interfaces. */
export function interfacesIn(netnsPath: string): string[] {
  using inside = inNetns(netnsPath, () => new Rtnetlink());
  return inside.links().map(({ name }) => name);
}

/** Deletes the interface with this MAC address in a namespace. Does nothing when it is gone. */
export function deleteInside(netnsPath: string, mac: string): void {
  using inside = inNetns(netnsPath, () => new Rtnetlink());
  const link = inside.links().find((one) => one.mac === mac.replaceAll(":", ""));
  if (link) inside.deleteLink(link.name);
}

/** The index of a link of the host. Throws "network-failed". */
function indexOf(links: Rtnetlink, name: string): number {
  const link = links.linkNamed(name);
  if (link) return link.index;
  throw new GantryError("network-failed", `The network interface ${name} is gone`);
}
