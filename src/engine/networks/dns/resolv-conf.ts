/** The host's name servers, and which of them a container can use. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";

const hostFile = "/etc/resolv.conf";
/** Where systemd-resolved lists the servers behind its own 127.0.0.53. */
const resolvedFile = "/run/systemd/resolve/resolv.conf";
/** Docker's choice where the host has none that a container could reach. */
const publicServers = ["8.8.8.8", "8.8.4.4"];

/** Addresses after `nameserver`, in order. Pure. */
export function nameServersIn(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(([, address = ""]) => (isIP(address) ? [address] : []));
}

/** As programs on the host use them; forwarding from the host's namespace reaches loopback ones too. */
export function hostNameServers(): string[] {
  return nameServersIn(textOf(hostFile));
}

/** Those of them that answer in a container's own network. */
export function reachableNameServers(): string[] {
  const outside = (servers: readonly string[]) => servers.filter((server) => !/^(127\.|::1$|fe80:)/i.test(server));
  const candidates = [outside(hostNameServers()), outside(nameServersIn(textOf(resolvedFile))), publicServers];
  return candidates.find((servers) => servers.length > 0) ?? [];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // a host without the file has no name servers
  }
}
