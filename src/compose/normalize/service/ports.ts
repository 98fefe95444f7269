/** Expands `ports` and `expose` into one entry per container port. Pure. Compose Specification, "ports". */
import { isIP } from "node:net";
import type { PortSpec } from "../../project.js";
import { child, collectSources, itemPath, itemsOf, memberPath, membersOf, type Tree, withPath } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readMembers, readText } from "../read.js";

type Protocol = PortSpec["protocol"];
interface Range {
  readonly from: number;
  readonly to: number;
}
/** A problem's text, so that one place words and reports it. */
type Parsed<T> = T | { readonly problem: string; readonly hint?: string };

/** Every port of one protocol; it also bounds what a few hostile ranges can expand to. */
const maxPorts = 65_536;
const shortForm = "[[IP:]HOST:]CONTAINER[/PROTOCOL], such as 8080:80 or 127.0.0.1:5432:5432/tcp";

/** The ports of a service in file order. A place is kept for each expanded entry. */
export function normalizePorts(node: Tree | undefined, context: Context): PortSpec[] {
  const found: PortSpec[] = [];
  const seen = new Set<string>();
  for (const item of itemsOf(node)) {
    const parsed = item.kind === "map" ? parseLongPort(item) : parseShortPort(readText(item) ?? "");
    if ("problem" in parsed) {
      const expected = item.kind === "map" ? "ports from 1 to 65535" : shortForm;
      context.report.error(item, "bad-port", parsed.problem, { expected, hint: parsed.hint });
      continue;
    }
    if (found.length + parsed.length > maxPorts) {
      const message = `A service cannot have more than ${maxPorts} ports`;
      context.report.error(item, "bad-port", message, { hint: "Publish a smaller range" });
      break;
    }
    for (const port of parsed) {
      const key = JSON.stringify(port);
      if (seen.has(key)) continue;
      seen.add(key);
      placeItem(item, { node, index: found.length }, context);
      found.push(port);
    }
  }
  return found;
}

/** `80` → `80/tcp`, ranges expanded, sorted by port. */
export function normalizeExpose(node: Tree | undefined, context: Context): string[] {
  const found = itemsOf(node).flatMap((item) => {
    const [range = "", protocol = "tcp"] = (readText(item) ?? "").toLowerCase().split("/");
    const ports = parseRange(range);
    if (ports && isProtocol(protocol)) {
      return numbers(ports).map((port) => `${port}/${protocol}`);
    }
    const expected = "a port or a range, such as 3000 or 3000-3005/udp";
    context.report.error(item, "bad-port", `"${readText(item)}" is not a container port`, { expected });
    return [];
  });
  return [...new Set(found)].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
}

/** Tells that `item` now stands at `index` of the list: expanding and sorting moved it there. */
function placeItem(item: Tree, { node, index }: { node: Tree | undefined; index: number }, { sources }: Context): void {
  const path = itemPath(node?.path ?? "", index);
  if (item.path !== path) for (const [key] of membersOf(itemsOf(node)[index])) sources.delete(memberPath(path, key));
  collectSources(withPath(item, path), sources);
}

/** A short port, which may stand for several. */
export function parseShortPort(text: string): Parsed<PortSpec[]> {
  const slash = text.indexOf("/");
  const protocol = slash < 0 ? "tcp" : text.slice(slash + 1).toLowerCase();
  if (!isProtocol(protocol)) return { problem: `"${protocol}" is not a protocol`, hint: "Use tcp, udp or sctp" };
  const [address, host, container] = splitAddress(slash < 0 ? text : text.slice(0, slash));
  if (address !== undefined && isIP(address) === 0)
    return { problem: `"${address}" is not an IP address in "${text}"` };
  const targets = parseRange(container);
  if (!targets) return { problem: `"${container}" is not a container port in "${text}"`, ...rangeHint(container) };
  const hosts = host === undefined || host === "" ? undefined : parseRange(host, 0);
  if (host && !hosts) return { problem: `"${host}" is not a host port in "${text}"`, ...rangeHint(host) };
  return expandRanges({ text, protocol, address, targets, hosts });
}

function expandRanges(port: {
  text: string;
  protocol: Protocol;
  address: string | undefined;
  targets: Range;
  hosts: Range | undefined;
}): Parsed<PortSpec[]> {
  const { targets, hosts, protocol, address } = port;
  const spread = hosts && targets.from !== targets.to;
  if (spread && hosts.to - hosts.from !== targets.to - targets.from) {
    return { problem: `The ranges in "${port.text}" have different lengths` };
  }
  return numbers(targets).map((target, at) => {
    const published = !hosts
      ? undefined
      : hosts.from === hosts.to || spread
        ? String(hosts.from + (spread ? at : 0))
        : `${hosts.from}-${hosts.to}`;
    return compact({ target, published, host_ip: address, protocol, mode: "ingress" as const });
  });
}

function parseLongPort(item: Tree): Parsed<PortSpec[]> {
  const text = readMembers(item, ["target", "published", "host_ip", "protocol", "mode", "name", "app_protocol"]);
  const { host_ip, protocol = "tcp", mode = "ingress" } = text;
  const target = parseRange(text.target ?? "");
  if (!child(item, "target")) return []; // the schema reported it
  if (!target || target.from !== target.to) return { problem: `"${text.target}" is not a container port` };
  const published = text.published ? parseRange(text.published, 0) : undefined;
  if (text.published && !published) return { problem: `"${text.published}" is not a host port` };
  if (host_ip && isIP(host_ip) === 0) return { problem: `"${host_ip}" is not an IP address` };
  if (!isProtocol(protocol)) return { problem: `"${protocol}" is not a protocol`, hint: "Use tcp, udp or sctp" };
  if (mode !== "host" && mode !== "ingress") return { problem: `"${mode}" is not a mode`, hint: "Use ingress or host" };
  const spec = { target: target.from, published: text.published || undefined, host_ip: host_ip || undefined };
  const { name, app_protocol } = text;
  return [compact({ ...spec, protocol, mode, name, app_protocol })];
}

/** From the right, as addresses of version 6 have colons too; these stand in brackets or have more than one. */
function splitAddress(text: string): [address: string | undefined, host: string | undefined, container: string] {
  const last = text.lastIndexOf(":");
  if (last < 0) return [undefined, undefined, text];
  const container = text.slice(last + 1);
  const before = text.slice(0, last);
  const middle = before.endsWith("]") ? -1 : before.lastIndexOf(":");
  if (middle < 0 && !before.startsWith("[")) return [undefined, before, container];
  const address = middle < 0 ? before : before.slice(0, middle);
  return [address.replace(/^\[|\]$/g, ""), middle < 0 ? "" : before.slice(middle + 1), container];
}

function parseRange(text: string, lowest = 1): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from >= lowest && from <= to && to <= 65535 ? { from, to } : undefined;
}

function rangeHint(text: string): { hint?: string } {
  if (/^\d+$/.test(text)) return { hint: "Ports go from 1 to 65535" };
  const [from, to] = text.split("-").map(Number);
  return from !== undefined && to !== undefined && from > to ? { hint: `Write the range as ${to}-${from}` } : {};
}

function numbers({ from, to }: Range): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function isProtocol(text: string): text is Protocol {
  return text === "tcp" || text === "udp" || text === "sctp";
}
