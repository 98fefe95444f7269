/**
 * Switches the host's forwarding on for the bridges, without making a router of the host for others. Touches the world.
 *
 * A host that forwarded nothing before must not start to pass packets between its own interfaces. Those that were there
 * at that moment are `closed`: the ruleset drops what would go from one of them to another. Interfaces that others add
 * later (a Docker daemon's, a virtual machine's) are left to them. Where IPv6 forwarding is switched on the kernel
 * stops listening to router advertisements; interfaces that did listen are told to go on (`accept_ra` 2).
 *
 * Life: what was switched on is written down in the run directory, which a reboot empties like the settings themselves.
 * With the last bridge all is put back, unless interfaces of others have come meanwhile that may rely on it.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isRecord } from "../../base/json.js";
import { readSysctl, type SysctlPath, writeSysctl } from "../kernel/network/sysctls.js";
import type { Family } from "./addresses/ip.js";
import type { HostLinks } from "./sandbox-links.js";

const switches: Readonly<Record<Family, SysctlPath>> = {
  4: ["net", "ipv4", "ip_forward"],
  6: ["net", "ipv6", "conf", "all", "forwarding"],
};
const acceptAdvertisements = (link: string): SysctlPath => ["net", "ipv6", "conf", link, "accept_ra"];

/** What was switched on: the interfaces of that moment, and those whose `accept_ra` was changed. */
interface Opened {
  readonly closed: readonly string[];
  readonly acceptRa: readonly string[];
}

export class Forwarding {
  readonly #path: string;
  readonly #links: HostLinks;
  readonly #opened: Map<Family, Opened>;

  /** `path` is the file in which it is written down. */
  constructor(path: string, links: HostLinks) {
    this.#path = path;
    this.#links = links;
    this.#opened = readOpened(path);
  }

  /** Interfaces between which nothing may be forwarded; none when the host forwarded already. */
  closed(family: Family): readonly string[] {
    return this.#opened.get(family)?.closed ?? [];
  }

  /** The family is forwarded afterwards. */
  open(family: Family): void {
    if (readSysctl(switches[family]) !== "0") return;
    const { host, group } = this.#links;
    const others = host.links().filter((link) => link.group !== group && link.name !== "lo");
    const closed = others.flatMap(({ name }) => (isPlainName(name) ? [name] : []));
    const acceptRa = family === 6 ? closed.filter((name) => readSysctl(acceptAdvertisements(name)) === "1") : [];
    this.#opened.set(family, { closed, acceptRa });
    this.#save(); // before the deed: a crash in between leaves too much closed rather than too much open
    for (const name of acceptRa) writeSysctl(acceptAdvertisements(name), "2");
    writeSysctl(switches[family], "1");
  }

  /** Puts back what `open` changed, unless others may rely on it. For when the last bridge is gone. */
  restore(): void {
    if (this.#opened.size === 0) return;
    const { host, group, doomed } = this.#links;
    const present = host.links().filter((link) => link.group !== group && link.group !== doomed && link.name !== "lo");
    for (const [family, { closed, acceptRa }] of this.#opened) {
      if (present.some(({ name }) => !closed.includes(name))) continue;
      writeSysctl(switches[family], "0");
      for (const { name } of present) if (acceptRa.includes(name)) writeSysctl(acceptAdvertisements(name), "1");
    }
    this.#opened.clear();
    rmSync(this.#path, { force: true });
  }

  #save(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(`${this.#path}.new`, JSON.stringify([...this.#opened]), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

/** Nothing for a file that is missing or damaged: then the switches count as the host's own. */
function readOpened(path: string): Map<Family, Opened> {
  try {
    const read: unknown = JSON.parse(readFileSync(path, "utf8"));
    return new Map((Array.isArray(read) ? read : []).flatMap(entryOf));
  } catch {
    return new Map();
  }
}

function entryOf(entry: unknown): Array<[Family, Opened]> {
  const [family, opened] = Array.isArray(entry) ? (entry as unknown[]) : [];
  if ((family !== 4 && family !== 6) || !isRecord(opened)) return [];
  return [[family, { closed: texts(opened.closed), acceptRa: texts(opened.acceptRa) }]];
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(isPlainName) : [];
}

/** Interface names end up in rules and paths: what is not plain is left out. */
function isPlainName(value: unknown): boolean {
  return typeof value === "string" && /^[\w.@:-]{1,15}$/.test(value);
}
