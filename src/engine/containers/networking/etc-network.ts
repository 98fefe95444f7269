/**
 * The files of /etc that tell a container of its networks: hosts and resolv.conf, as they are at its start, and amended
 * while it runs. Touches the world.
 */
import { readFile, writeFile } from "node:fs/promises";
import type { EndpointSettings } from "../../../wire/network.js";
import type { Sandbox } from "../../networks/networks.js";
import { hostsText, hostsTextOnHostNetwork, ownNames, resolvText, searchDomains } from "../mounts/etc-files.js";
import type { ContainerRecord } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";
import { linkLines } from "./links.js";

/** Longest file that is worth reading as one of /etc's. */
const etcFileBytes = 1024 ** 2;

/** Writes both for a start. Throws "container-conflict" for a link to a container that does not run. */
export async function writeNetworkFiles(rooms: Rooms, record: ContainerRecord, sandbox: Sandbox): Promise<void> {
  const { config, hostConfig, id } = record;
  const { hosts, resolv } = filesOf(rooms, id);
  const onHost = hostConfig.NetworkMode === "host";
  const endpoints = Object.values(sandbox.endpoints);
  const ways = endpoints.flatMap(({ Gateway, IPv6Gateway }) => Gateway || IPv6Gateway || []);
  const gateway = ways[0] ?? (onHost ? "127.0.0.1" : undefined);
  const extraHosts = hostConfig.ExtraHosts ?? [];
  const { Hostname: hostname = "", Domainname: domainname = "" } = config;
  const addresses = addressesOf(sandbox.endpoints);
  const text = onHost
    ? hostsTextOnHostNetwork(await readText("/etc/hosts"), { extraHosts, gateway })
    : hostsText({ hostname, domainname, addresses, extraHosts, gateway, links: linkLines(rooms, record) });
  await Promise.all([writeReadable(hosts, text), writeResolvConf(resolv, record, sandbox)]);
}

/**
 * Brings both in line with a running container's networks. What the container itself wrote into its hosts file stays,
 * as the file does: it is mounted.
 */
export async function amendNetworkFiles(
  rooms: Rooms,
  record: ContainerRecord,
  { before, after }: { before: Sandbox; after: Sandbox },
): Promise<void> {
  const { hosts, resolv } = filesOf(rooms, record.id);
  const [had, has] = [addressesOf(before.endpoints), addressesOf(after.endpoints)];
  const names = ownNames({ hostname: record.config.Hostname ?? "", domainname: record.config.Domainname ?? "" });
  const kept = (await readText(hosts)).split("\n").filter((line) => {
    const [address = "", ...words] = line.split(/\s+/);
    return !(had.includes(address) && !has.includes(address) && words.join(" ") === names);
  });
  const added = has.filter((address) => !had.includes(address)).map((address) => `${address}\t${names}\n`);
  await writeReadable(hosts, `${kept.join("\n").trimEnd()}\n${added.join("")}`);
  if (before.nameServers.join() !== after.nameServers.join()) await writeResolvConf(resolv, record, after);
}

function filesOf({ paths }: Rooms, id: string): { hosts: string; resolv: string } {
  return { hosts: paths.etcFile(id, "hosts"), resolv: paths.etcFile(id, "resolv.conf") };
}

function addressesOf(endpoints: Readonly<Record<string, EndpointSettings>>): string[] {
  return Object.values(endpoints).flatMap(({ IPAddress, GlobalIPv6Address }) => [
    ...(IPAddress ? [IPAddress] : []),
    ...(GlobalIPv6Address ? [GlobalIPv6Address] : []),
  ]);
}

async function writeResolvConf(path: string, { hostConfig }: ContainerRecord, sandbox: Sandbox): Promise<void> {
  const search = hostConfig.DnsSearch?.length
    ? hostConfig.DnsSearch
    : searchDomains(await readText("/etc/resolv.conf"));
  const options = hostConfig.DnsOptions ?? [];
  await writeReadable(path, resolvText({ nameServers: sandbox.nameServers, search, options }));
}

async function writeReadable(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o644 });
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").then(
    (text) => text.slice(0, etcFileBytes),
    () => "",
  );
}
