/**
 * The kernel's part of a sandbox: its namespace, its links and addresses, and the host's bridges.
 *
 * Touches the world, by synchronous calls only: nothing else of the engine runs in between, so a sandbox is either made
 * or unmade. No process is spawned.
 */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { systemCodeOf } from "../../base/errors.js";
import { createNetns, inNetns } from "../kernel/namespaces.js";
import { Rtnetlink } from "../kernel/netlink.js";
import { ipv4Bytes, macOf } from "./ipv4.js";

/** One interface of a container. */
export interface SandboxLink {
  /** Interface inside: `eth0`. */
  readonly inside: string;
  /** The near end's name on the host. */
  readonly outside: string;
  readonly bridge: string;
  readonly address: number;
  readonly prefix: number;
  readonly mac: Uint8Array;
  readonly mtu: number | undefined;
  /** Replies to a container's own published port come back through the port they went out of. */
  readonly hairpin: boolean;
}

/** Groups tag links as this engine's: `ip link show group N`. */
export interface HostLinks {
  readonly host: Rtnetlink;
  readonly group: number;
}

/** What every container's namespace has, as Docker sets it: low ports and ping without privileges. */
const sandboxSysctls = {
  "net.ipv4.ip_unprivileged_port_start": "0",
  "net.ipv4.ping_group_range": "0 2147483647",
  "net.ipv6.conf.default.disable_ipv6": "1",
};

/** Makes the namespace with its loopback up. A failure leaves no namespace. */
export function makeNetns(path: string): void {
  createNetns(path);
  using inside = inNetns(path, () => {
    writeSysctls(sandboxSysctls);
    return new Rtnetlink();
  });
  inside.setLink("lo", { up: true });
}

/** Puts links into a namespace, addresses included. Whoever calls removes what was made when it throws. */
export function addLinks(netnsPath: string, links: readonly SandboxLink[], { host, group }: HostLinks): void {
  if (links.length === 0) return;
  using inside = inNetns(netnsPath, () => new Rtnetlink());
  const netnsFd = openSync(netnsPath, "r");
  try {
    for (const link of links) {
      const master = indexOf(host, link.bridge);
      const peer = { name: link.inside, netnsFd, mac: link.mac };
      host.addVeth({ name: link.outside, master, group, peer, ...(link.mtu ? { mtu: link.mtu } : {}) });
      writeSysctls({ [`net.ipv6.conf.${link.outside}.disable_ipv6`]: "1" });
      if (link.hairpin) writeFileSync(`/sys/class/net/${link.outside}/brport/hairpin_mode`, "1");
      inside.addAddress(inside.setLink(link.inside, { up: true }), {
        address: ipv4Bytes(link.address),
        prefix: link.prefix,
      });
    }
  } finally {
    closeSync(netnsFd);
  }
}

/** Writes the `net.` sysctls that the container asks for; others are the runtime's. Throws as `writeFileSync` does. */
export function writeSandboxSysctls(netnsPath: string, sysctls: Readonly<Record<string, string>>): void {
  const own = Object.entries(sysctls).filter(([key]) => /^net\.[\w./-]+$/.test(key) && !key.includes(".."));
  if (own.length > 0) inNetns(netnsPath, () => writeSysctls(Object.fromEntries(own)));
}

/** Sets the default route through the link with `mac`, or takes it away. */
export function setGateway(netnsPath: string, via: { gateway: number; mac: string } | undefined): void {
  using inside = inNetns(netnsPath, () => new Rtnetlink());
  if (!via) return void inside.deleteDefaultRoute();
  const hex = via.mac.replaceAll(":", "");
  const link = inside.links().find(({ mac }) => mac === hex);
  if (link) inside.setDefaultRoute(ipv4Bytes(via.gateway), link.index);
}

/** `eth0` or the first one that is free. */
export function freeInterfaceName(netnsPath: string): string {
  using inside = inNetns(netnsPath, () => new Rtnetlink());
  const names = new Set(inside.links().map(({ name }) => name));
  for (let at = 0; ; at += 1) if (!names.has(`eth${at}`)) return `eth${at}`;
}

/** Makes a bridge with its gateway address, or completes the one that is there. */
export function ensureBridge(
  bridge: { name: string; gateway: number; prefix: number; mtu: number | undefined },
  { host, group }: HostLinks,
): void {
  const { name, gateway, mtu } = bridge;
  if (!host.linkNamed(name)) {
    host.addBridge({ name, mac: macOf(gateway), group, ...(mtu ? { mtu } : {}) });
    writeSysctls({ [`net.ipv6.conf.${name}.disable_ipv6`]: "1" });
  }
  host.addAddress(indexOf(host, name), { address: ipv4Bytes(gateway), prefix: bridge.prefix });
  // Clients on the host's loopback reach published ports by it; the ruleset's guard closes what it opens.
  writeSysctls({ [`net.ipv4.conf.${name}.route_localnet`]: "1", "net.ipv4.ip_forward": "1" });
}

function indexOf(links: Rtnetlink, name: string): number {
  const link = links.linkNamed(name);
  if (link) return link.index;
  throw new Error(`The network interface ${name} is gone`);
}

/** In the thread's present namespace. A name's dots separate directories. IPv6 may be missing from the kernel. */
function writeSysctls(sysctls: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(sysctls)) {
    try {
      writeFileSync(`/proc/sys/${key.replaceAll(".", "/")}`, value);
    } catch (error) {
      if (!(key.startsWith("net.ipv6.") && systemCodeOf(error) === "ENOENT")) throw error;
    }
  }
}
