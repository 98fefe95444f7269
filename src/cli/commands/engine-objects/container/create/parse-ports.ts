/** Ports as the docker CLI writes them: `[address:][host port[-end]:]container port[-end][/protocol]`. Pure. */
import { GantryError } from "../../../../../base/errors.js";
import type { PortMap } from "../../../../../wire/container.js";
import { splitCsv, splitField } from "./csv.js";

/**
 * `exposed` are keys such as `80/tcp`. The long form `target=80,published=8080,protocol=udp` is taken too. Throws
 * "bad-parameter".
 */
export function parsePorts(publish: readonly string[]): { bindings: PortMap; exposed: string[] } {
  const bindings: Record<string, Array<{ HostIp: string; HostPort: string }>> = {};
  for (const text of publish) {
    for (const { key, HostIp, HostPort } of parsePort(shortForm(text))) {
      const list = bindings[key] ?? [];
      list.push({ HostIp, HostPort });
      bindings[key] = list;
    }
  }
  return { bindings, exposed: Object.keys(bindings) };
}

/** Keys of ports and ranges without a host side: `80`, `8000-8010/udp`. Throws "bad-parameter". */
export function parseExposed(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const match = /^(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/i.exec(word);
    if (!match) throw new GantryError("bad-parameter", `--expose: ${word} is not a port; write it as 80 or 80/udp`);
    return range(match[1] ?? "", word).map((port) => `${port}/${(match[2] ?? "tcp").toLowerCase()}`);
  });
}

/** The short form of a long one. `mode` says nothing outside of Swarm. */
function shortForm(text: string): string {
  if (!text.includes("=")) return text;
  const found: Record<string, string> = {};
  for (const [name, value = ""] of splitCsv(text).map(splitField)) {
    if (!["target", "published", "protocol", "mode"].includes(name)) throw refused(text, `${name} is not known`);
    found[name] = value;
  }
  const published = found.published === undefined ? "" : `${found.published}:`;
  return `${published}${found.target ?? ""}/${found.protocol ?? "tcp"}`;
}

function parsePort(text: string): Array<{ key: string; HostIp: string; HostPort: string }> {
  const match = /^(?:(\[[^\]]*\]|[^:[\]]*):)??(?:(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (!match) throw refused(text, "write it as [address:]8080:80[/udp]");
  const [, address = "", host = "", container = "", protocol = "tcp"] = match;
  const inside = range(container, text);
  const outside = host === "" ? undefined : range(host, text);
  // A range of the host for one port of the container means: the first that is free.
  if (outside && inside.length !== outside.length && inside.length !== 1)
    throw refused(text, "the ranges differ in size");
  return inside.map((port, at) => ({
    key: `${port}/${protocol}`,
    HostIp: address.replace(/^\[|\]$/g, ""),
    HostPort: outside === undefined ? "" : inside.length === 1 ? host : String(outside[at]),
  }));
}

function range(text: string, whole: string): number[] {
  const [from = 0, to = from] = text.split("-").map(Number);
  if (to < from || to > 65535) throw refused(whole, "a port is a number up to 65535");
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function refused(text: string, why: string): GantryError {
  return new GantryError("bad-parameter", `--publish: ${text} is not a port; ${why}`);
}
