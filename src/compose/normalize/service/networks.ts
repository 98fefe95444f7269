/** Normalises what a service says of its networks, names and addresses. Pure. */
import { isIP } from "node:net";
import type { ServiceNetwork } from "../../project.js";
import { child, isNull, itemPath, itemsOf, membersOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readInteger, readMembers, readText, readTextMap, readTexts } from "../read.js";

/** By key, sorted. A service that says nothing joins `default`; one with a `network_mode` or a provider joins none. */
export function normalizeServiceNetworks(service: Tree, context: Context): Map<string, ServiceNetwork> {
  const node = child(service, "networks");
  const mode = child(service, "network_mode");
  if (mode) {
    if (node) {
      context.report.error(mode, "conflicting-keys", `${service.path} has both network_mode and networks`, {
        hint: "Remove one of the two",
      });
    }
    return new Map();
  }
  if (child(service, "provider")) return new Map();
  const found = new Map<string, ServiceNetwork>();
  for (const item of itemsOf(node)) found.set(readText(item) ?? "", { aliases: [], driver_opts: {} });
  for (const [key, value] of membersOf(node)) found.set(key, attachment(value, context));
  if (found.size === 0 && !context.isBare) found.set("default", { aliases: [], driver_opts: {} });
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function attachment(node: Tree, context: Context): ServiceNetwork {
  if (isNull(node)) return { aliases: [], driver_opts: {} };
  const text = readMembers(node, ["ipv4_address", "ipv6_address", "mac_address"]);
  checkAddress(child(node, "ipv4_address"), 4, context);
  checkAddress(child(node, "ipv6_address"), 6, context);
  return {
    ...text,
    ...compact({
      priority: readInteger(child(node, "priority"), context),
      gw_priority: readInteger(child(node, "gw_priority"), context),
      interface_name: readText(child(node, "interface_name")),
      link_local_ips: child(node, "link_local_ips") && readTexts(child(node, "link_local_ips")),
    }),
    aliases: readTexts(child(node, "aliases")),
    driver_opts: readTextMap(child(node, "driver_opts")),
  };
}

function checkAddress(node: Tree | undefined, version: 4 | 6, { report }: Context): void {
  const text = readText(node);
  if (!node || text === undefined || isIP(text) === version) return;
  const expected = version === 4 ? "an address such as 10.5.0.10" : "an address such as 2001:db8::10";
  report.error(node, "bad-address", `"${text}" is not an IPv${version} address`, { expected });
}

/** `host=address` each, sorted by host; several addresses of one host stay in the order given. */
export function normalizeExtraHosts(node: Tree | undefined, { report, sources }: Context): string[] {
  const pairs: Array<readonly [host: string, address: string, place: Tree]> = [];
  const add = (host: string, address: string, place: Tree) => {
    const bare = address.trim().replace(/^\[(.*)\]$/, "$1");
    if (isIP(bare) !== 0 || bare === "host-gateway") pairs.push([host, bare, place]);
    else {
      const expected = "HOST=ADDRESS, such as db=10.0.0.5 or host.docker.internal=host-gateway";
      report.error(place, "bad-address", `"${address}" is not an IP address`, { expected });
    }
  };
  for (const [host, value] of membersOf(node)) {
    for (const item of value.kind === "list" ? value.items : [value]) {
      for (const address of readTexts(item)) add(host, address, item);
    }
  }
  for (const item of itemsOf(node)) {
    const [, host = "", addresses = ""] = /^([^=:]*)[=:](.*)$/.exec(readText(item) ?? "") ?? [];
    for (const address of addresses.split(",")) add(host, address, item);
  }
  const unique = new Map(pairs.map(([host, address, place]) => [`${host}=${address}`, { host, place }]));
  const sorted = [...unique].sort(([, { host: a }], [, { host: b }]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [index, [, { place }]] of sorted.entries()) sources.set(itemPath(node?.path ?? "", index), place.at);
  return sorted.map(([text]) => text);
}
