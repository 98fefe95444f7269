/** Where a published port is reached, as people write it. Pure. */
import type { PortSummary } from "../../wire/container.js";

/** Of one published port; `url` is an address alone where no scheme is known. */
export interface ServiceUrl {
  readonly service: string;
  readonly target: number;
  readonly url: string;
}

/** By the container's port; what is not here is `tcp://` to nobody, so its address stands alone. */
const schemes: Readonly<Record<number, string>> = {
  ...Object.fromEntries([80, 3000, 4200, 5000, 5173, 8000, 8080, 8081, 8888, 9000].map((port) => [port, "http"])),
  443: "https",
  8443: "https",
  5432: "postgresql",
  3306: "mysql",
  6379: "redis",
  27017: "mongodb",
  5672: "amqp",
  4222: "nats",
  1025: "smtp",
};
const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** What is needed to write an address. */
export interface UrlFacts {
  /** The host that the engine's wildcard addresses are reached at: `localhost`, or another host's name. */
  readonly host: string;
  /** `app_protocol` of the file, by container port. */
  readonly protocols: ReadonlyMap<number, string>;
}

/** The published ports of a container, by container port; one for each port where IPv4 and IPv6 are published. */
export function urlsOf(service: string, ports: readonly PortSummary[], facts: UrlFacts): ServiceUrl[] {
  const published = ports.filter((port) => port.PublicPort !== undefined).sort(byPort);
  const seen = new Set<string>();
  return published.flatMap((port) => {
    const address = addressOf(port, facts.host);
    const key = `${port.PrivatePort} ${port.Type} ${port.PublicPort} ${address}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ service, target: port.PrivatePort, url: urlOf(port, address, facts) }];
  });
}

function byPort(a: PortSummary, b: PortSummary): number {
  return a.PrivatePort - b.PrivatePort || Number(a.IP?.includes(":") ?? false) - Number(b.IP?.includes(":") ?? false);
}

function addressOf({ IP = "" }: PortSummary, host: string): string {
  if (IP === "" || IP === "0.0.0.0" || IP === "::" || IP === "127.0.0.1") return host;
  return IP.includes(":") ? `[${IP}]` : IP;
}

function urlOf({ PrivatePort, PublicPort, Type }: PortSummary, address: string, { protocols }: UrlFacts): string {
  const scheme = protocols.get(PrivatePort) ?? (Type === "tcp" ? schemes[PrivatePort] : undefined);
  if (scheme === undefined) return `${address}:${PublicPort}${Type === "tcp" ? "" : `/${Type}`}`;
  const port = defaultPorts[scheme] === PublicPort ? "" : `:${PublicPort}`;
  return `${scheme}://${address}${port}`;
}
