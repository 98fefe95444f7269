/**
 * Host ports of a container: which it asks for, and the sockets by which the engine holds them.
 *
 * Packets to a published port are translated before they could reach its socket, as long as the container has an
 * address of the family: the sockets make a port in use known early and keep others off it. What is not translated is
 * relayed by the engine, and the container sees the bridge's address as the client's: connections to `[::1]`, and those
 * to an address of the family that the container lacks.
 */
import { closeSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { GantryError, messageOf, systemCodeOf } from "../../../base/errors.js";
import type { PortMap } from "../../../wire/container.js";
import { boundSocket, portOf } from "../../kernel/network/sockets.js";
import type { Family } from "../addresses/ip.js";
import { type PublishedPort, portFamily } from "../firewall/ruleset.js";
import { type RelayTarget, startTcpRelay } from "./tcp-relay.js";
import { startUdpRelay } from "./udp-relay.js";

export type PortProtocol = PublishedPort["protocol"];

/** Where published ports lead: the container's address of each family, if it has one. */
export type PortTargets = Readonly<Partial<Record<Family, string>>>;

/** `hostPorts` from–to, of which the first free one is taken; 0–0 means any. */
export interface PortRequest {
  /** As the API writes it: `80/tcp`. */
  readonly key: string;
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  /** "" means every address, IPv4 and IPv6. */
  readonly hostAddress: string;
  readonly hostPorts: { readonly from: number; readonly to: number };
}

/** A port that is ours until `close`, or until it is handed over. */
export interface HeldPort {
  readonly key: string;
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  readonly hostAddress: string;
  readonly hostPort: number;
  /** The socket that holds it. */
  readonly fd: number;
  /** The same socket for another container: this value is void then. What is relayed already stays where it is. */
  handOver(key: string, lead: PortLead): HeldPort;
  close(): void;
}

/** Where a held port leads: `targets` is asked for the container's addresses at each relayed connection. */
export interface PortLead {
  readonly containerPort: number;
  readonly now: PortTargets;
  readonly targets: () => PortTargets;
}

const anyIpv4 = "0.0.0.0";
const anyIpv6 = "::";
const ephemeralTries = 16;
/** Nobody connects to a held socket, and if rules are missing for a moment, clients may retry. */
const heldBacklog = 16;

/** Reads a port map. `defaultAddress` stands for an empty HostIp. Throws "bad-parameter", "not-supported". */
export function portRequests(ports: PortMap, defaultAddress = ""): PortRequest[] {
  return Object.entries(ports).flatMap(([key, bindings]) => {
    if (!bindings || bindings.length === 0) return []; // exposed only
    const [, port = "", protocol = "tcp"] = /^(\d{1,5})(?:\/(\w+))?$/.exec(key) ?? [];
    if (!validPort(port) || Number(port) === 0) throw new GantryError("bad-parameter", `invalid containerPort: ${key}`);
    if (!isProtocol(protocol)) throw new GantryError("bad-parameter", `invalid proto: ${protocol}`);
    return bindings.map((binding) => ({
      key,
      protocol,
      containerPort: Number(port),
      hostAddress: validAddress((binding.HostIp ?? "").replace(/^\[(.*)\]$/, "$1") || defaultAddress),
      hostPorts: portRange(binding.HostPort ?? ""),
    }));
  });
}

/** Who wants ports, and what is held already. */
export interface HoldOptions {
  /** Names the container in errors. */
  readonly endpoint: string;
  /** The container's addresses as they are: they decide what needs no relay. */
  readonly now: PortTargets;
  /** The same, asked for at each relayed connection. */
  readonly targets: () => PortTargets;
  /** The ports of other containers. */
  readonly others: Iterable<HeldPort>;
}

/**
 * Takes every port or none. A loopback address other than 127.0.0.1 may have a port that another container has on every
 * address: that is how copies of one project stand side by side.
 *
 * @throws {GantryError} "port-in-use" in Docker's words, "not-supported" for SCTP where the kernel has none
 */
export function holdPorts(requests: readonly PortRequest[], options: HoldOptions): HeldPort[] {
  const { endpoint, now, targets } = options;
  const others = [...options.others];
  const holding = { others, relay: { now, targets } };
  const held: HeldPort[] = [];
  try {
    // Fixed ports go first, so that a range or a free choice does not take them.
    const inOrder = [...requests.filter(isFixed), ...requests.filter((request) => !isFixed(request))];
    for (const request of inOrder) held.push(...holdPort(request, endpoint, holding));
  } catch (error) {
    for (const port of held) port.close();
    throw error;
  }
  return held;
}

/** Those for one fixed port that somebody has. Takes none; `others` is what containers hold. */
export function refusedPorts(requests: readonly PortRequest[], others: readonly HeldPort[]): PortRequest[] {
  return requests.filter((request) => isFixed(request) && isTaken(request, others));
}

/** What the ports are asked for with, with the host ports that were really taken. */
export function portMapOf(requested: PortMap, held: readonly HeldPort[]): PortMap {
  return Object.fromEntries(
    Object.keys(requested).map((key) => {
      const bindings = held
        .filter((port) => port.key === key)
        .map(({ hostAddress, hostPort }) => ({ HostIp: hostAddress, HostPort: String(hostPort) }));
      return [key, bindings.length > 0 ? bindings : null];
    }),
  );
}

/** The translations that lead to a container. */
export function publishedPorts(held: readonly HeldPort[], targets: PortTargets): PublishedPort[] {
  return held.flatMap(({ protocol, hostAddress, hostPort, containerPort }) => {
    const address = targets[portFamily({ hostAddress })];
    return address === undefined ? [] : [{ protocol, hostAddress, hostPort, address, port: containerPort }];
  });
}

function isFixed({ hostPorts: { from, to } }: PortRequest): boolean {
  return from === to && from !== 0;
}

function isTaken(request: PortRequest, others: readonly HeldPort[]): boolean {
  try {
    for (const port of holdAddresses(request, request.hostPorts.from, { others })) port.close();
    return false;
  } catch (error) {
    return errnoOf(error) === "EADDRINUSE"; // anything else is told at the start, with its reason
  }
}

/** Without `relay` the port is only tried. */
interface Holding {
  readonly others: readonly HeldPort[];
  readonly relay?: { readonly now: PortTargets; readonly targets: () => PortTargets };
}

function holdPort(request: PortRequest, endpoint: string, holding: Holding): HeldPort[] {
  const { from, to } = request.hostPorts;
  const candidates = from === 0 ? new Array<number>(ephemeralTries).fill(0) : rangeOf(from, to);
  let failure: unknown;
  for (const candidate of candidates) {
    try {
      return holdAddresses(request, candidate, holding);
    } catch (error) {
      failure = error;
      if (errnoOf(error) !== "EADDRINUSE") break;
    }
  }
  throw bindFailure(request, endpoint, failure);
}

/** One port number on the address asked for, or on every IPv4 and IPv6 address. */
function holdAddresses(request: PortRequest, port: number, holding: Holding): HeldPort[] {
  const { hostAddress } = request;
  if (hostAddress !== "") return [holdAddress(request, hostAddress, port, holding)];
  const v4 = holdAddress(request, anyIpv4, port, holding);
  // SCTP is not relayed, so an IPv6 port is of use to a container with an IPv6 address only.
  if (request.protocol === "sctp" && holding.relay?.now[6] === undefined) return [v4];
  try {
    return [v4, holdAddress(request, anyIpv6, v4.hostPort, holding)];
  } catch (error) {
    if (["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(errnoOf(error) ?? "")) return [v4]; // a host without IPv6
    v4.close();
    throw error;
  }
}

function holdAddress(request: PortRequest, hostAddress: string, port: number, holding: Holding): HeldPort {
  const { key, protocol, containerPort } = request;
  const { relay: wish, others } = holding;
  const isRelayed = wish !== undefined && needsRelay(request, hostAddress, wish.now);
  const beside = others.filter((one) => mayStandBeside(one, { protocol, hostAddress, port })).map((one) => one.fd);
  const fd = boundSocket({ protocol, address: hostAddress, port, beside }, isRelayed ? undefined : heldBacklog);
  const socket = { fd, protocol, hostAddress, hostPort: portOf(fd) };
  return heldSocket(socket, key, wish && { containerPort, ...wish });
}

/** IPv6 always needs one, for ::1. */
function needsRelay({ protocol }: { protocol: PortProtocol }, hostAddress: string, now: PortTargets): boolean {
  return protocol !== "sctp" && (portFamily({ hostAddress }) === 6 || now[4] === undefined);
}

type HostSocket = Pick<HeldPort, "fd" | "protocol" | "hostAddress" | "hostPort">;

/** Undefined `lead`: the port is only tried. */
function heldSocket(socket: HostSocket, firstKey: string, firstLead: PortLead | undefined): HeldPort {
  const { fd, protocol, hostAddress, hostPort } = socket;
  let lead = firstLead;
  let relay: Disposable | undefined;
  const held = (key: string): HeldPort => ({
    ...{ key, protocol, containerPort: lead?.containerPort ?? 0, hostAddress, hostPort, fd },
    handOver(nextKey, next) {
      lead = next;
      if (!relay && needsRelay(socket, hostAddress, next.now)) relay = startRelay(socket, () => lead);
      return held(nextKey);
    },
    close: () => (relay ? relay[Symbol.dispose]() : closeSync(fd)),
  });
  if (lead && needsRelay(socket, hostAddress, lead.now)) relay = startRelay(socket, () => lead);
  return held(firstKey);
}

function startRelay({ fd, protocol, hostAddress }: HostSocket, lead: () => PortLead | undefined): Disposable {
  const family = portFamily({ hostAddress });
  const target = (): RelayTarget => {
    const { containerPort: port = 0, targets } = lead() ?? {};
    const { 4: v4, 6: v6 } = targets?.() ?? {};
    return { port, hosts: (family === 4 ? [v4, v6] : [v6, v4]).filter((address) => address !== undefined) };
  };
  return protocol === "tcp" ? startTcpRelay(fd, target) : startUdpRelay({ fd, isV6: family === 6 }, target);
}

/** One has the port on every address, the other on a loopback address that nothing is found at by default. */
export function mayStandBeside(
  held: HeldPort,
  { protocol, hostAddress, port }: { protocol: PortProtocol; hostAddress: string; port: number },
): boolean {
  if (held.protocol !== protocol || held.hostPort !== port) return false;
  const isApart = (address: string) => address.startsWith("127.") && address !== "127.0.0.1";
  return hostAddress === anyIpv4 ? isApart(held.hostAddress) : held.hostAddress === anyIpv4 && isApart(hostAddress);
}

function bindFailure({ key, hostAddress, hostPorts }: PortRequest, endpoint: string, cause: unknown): GantryError {
  if (cause instanceof GantryError && cause.code !== "syscall-failed") return cause;
  if (errnoOf(cause) === "EPROTONOSUPPORT") {
    return new GantryError("not-supported", `Cannot publish ${key}: this kernel does not support SCTP`, { cause });
  }
  const { from, to } = hostPorts;
  const address = hostAddress || anyIpv4;
  const where = `${isIPv6(address) ? `[${address}]` : address}:${from === to ? from : `${from}-${to}`}`;
  const prefix = `driver failed programming external connectivity on endpoint ${endpoint}`;
  if (errnoOf(cause) === "EADDRINUSE") {
    const hint = `Find out who listens with: ss -ltnup "sport = :${from}"; or publish another port.`;
    return new GantryError("port-in-use", `${prefix}: Bind for ${where} failed: port is already allocated`, {
      hint,
      cause,
    });
  }
  const reason = errnoOf(cause) === "EADDRNOTAVAIL" ? "cannot assign requested address" : messageOf(cause);
  return new GantryError("bad-parameter", `${prefix}: failed to bind host port ${where}: ${reason}`, { cause });
}

function errnoOf(error: unknown): string | undefined {
  return systemCodeOf(error instanceof GantryError ? error.cause : error);
}

function isProtocol(text: string): text is PortProtocol {
  return text === "tcp" || text === "udp" || text === "sctp";
}

function validAddress(address: string): string {
  if (address === "" || isIPv4(address) || isIPv6(address)) return address;
  throw new GantryError("bad-parameter", `invalid IP address: ${address}`);
}

function portRange(text: string): { from: number; to: number } {
  const [first = "", last = first, more] = (text || "0").split("-");
  if (!validPort(first) || !validPort(last) || more !== undefined || Number(last) < Number(first)) {
    throw new GantryError("bad-parameter", `invalid hostPort: ${text}`);
  }
  return { from: Number(first), to: Number(last) };
}

function validPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}

function rangeOf(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
