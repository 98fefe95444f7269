/** The texts of /etc/hosts, /etc/hostname and /etc/resolv.conf in a container, as Docker writes them. Pure. */

/** `host:address` entries come from `ExtraHosts`; `host-gateway` as address stands for `gateway`. */
export interface HostsFacts {
  readonly hostname: string;
  readonly domainname: string;
  /** The container's own addresses. */
  readonly addresses: readonly string[];
  readonly extraHosts: readonly string[];
  readonly gateway: string | undefined;
  /** Lines for linked containers. */
  readonly links: readonly string[];
}

const loopbackLines = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::\tip6-localnet",
  "ff00::\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

export function hostsText(facts: HostsFacts): string {
  const own = facts.addresses.map((address) => `${address}\t${ownNames(facts)}`);
  return lines([...loopbackLines, ...extraLines(facts), ...facts.links, ...own]);
}

/** What stands behind each of the container's own addresses. */
export function ownNames({ hostname, domainname }: Pick<HostsFacts, "hostname" | "domainname">): string {
  return domainname ? `${hostname}.${domainname} ${hostname}` : hostname;
}

/** The host's file with the extra hosts after it: what a container in the host's network sees. */
export function hostsTextOnHostNetwork(hostFile: string, facts: Pick<HostsFacts, "extraHosts" | "gateway">): string {
  return lines([hostFile.trimEnd(), ...extraLines(facts)]);
}

/** `options` undefined: `ndots:0` with the engine's own server, none otherwise. */
export function resolvText(dns: {
  nameServers: readonly string[];
  search: readonly string[];
  options: readonly string[];
}): string {
  const isOwn = dns.nameServers.includes("127.0.0.11");
  const options = dns.options.length > 0 ? dns.options : isOwn ? ["ndots:0"] : [];
  const search = dns.search.filter((domain) => domain !== ".");
  return lines([
    ...dns.nameServers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ]);
}

/** The search domains of a resolv.conf. The last line of that kind counts, as the resolver has it. */
export function searchDomains(resolvConf: string): string[] {
  const found = [...resolvConf.matchAll(/^(?:search|domain)[ \t]+(.+)$/gm)].at(-1)?.[1];
  return found ? found.trim().split(/\s+/) : [];
}

function extraLines({ extraHosts, gateway }: Pick<HostsFacts, "extraHosts" | "gateway">): string[] {
  return extraHosts.flatMap((entry) => {
    const at = entry.search(/[:=]/);
    const host = entry.slice(0, at);
    const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
    const resolved = address === "host-gateway" ? gateway : address;
    return at > 0 && resolved ? [`${resolved}\t${host}`] : [];
  });
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
