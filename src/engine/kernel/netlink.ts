/**
 * Links, addresses and routes through an AF_NETLINK socket: what `ip` does, without spawning it.
 *
 * Touches the world. A socket belongs to the network namespace in which it was opened, wherever the caller stands
 * later: open one inside a container's namespace and configure it from outside. The kernel carries a request out while
 * it is sent, and its answer is there when `send` returns, so no call here blocks on anything but the kernel's lock.
 *
 * @see man 7 rtnetlink
 */
import { closeSync } from "node:fs";
import { constants } from "node:os";
import { GantryError } from "../../base/errors.js";
import { checked, libcFunction } from "./libc.js";
import {
  attribute,
  attributesIn,
  endOfRequest,
  messagesIn,
  type NetlinkMessage,
  nestedAttribute,
  netlinkFlags,
  netlinkMessage,
  numberAttribute,
  textAttribute,
  textOf,
} from "./netlink-message.js";

const socket = libcFunction("int socket(int domain, int type, int protocol)");
const bind = libcFunction("int bind(int fd, const void *address, uint32_t length)");
const setsockopt = libcFunction("int setsockopt(int fd, int level, int option, const void *value, uint32_t length)");
const send = libcFunction("intptr_t send(int fd, const void *data, size_t length, int flags)");
const recv = libcFunction("intptr_t recv(int fd, void *data, size_t length, int flags)");

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_NETLINK = 270;
const MSG_DONTWAIT = 0x40;
const AF_INET = 2;
const IFF_UP = 1;
const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
};
const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  master: 10,
  portInfo: 12,
  linkInfo: 18,
  group: 27,
  netnsFd: 28,
  kind: 1,
  data: 2,
};
const VETH_INFO_PEER = 1;
const AF_BRIDGE = 7;
const BRPORT_STATE = 1;
const BR_STATE_DISABLED = 0;
const IFA = { address: 1, local: 2, broadcast: 4 };
const RTA = { destination: 1, link: 4, gateway: 5 };
const route = { mainTable: 254, protocolStatic: 4, scopeLink: 253, scopeGlobal: 0, unicast: 1 };
/** A dump's datagrams are at most 32 KiB. */
const receiveBytes = 64 * 1024;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly group: number;
  readonly mac: string;
}
/** Four bytes and a prefix length. */
export interface Ipv4Prefix {
  readonly address: Uint8Array;
  readonly prefix: number;
}
export interface VethRequest {
  readonly name: string;
  /** Index of the bridge that gets the near end. */
  readonly master: number;
  readonly group: number;
  readonly mtu?: number;
  readonly peer: { readonly name: string; readonly netnsFd: number; readonly mac: Uint8Array };
}

/** A raw netlink socket; `groups` is a bit mask of multicast groups. Close-on-exec. The caller closes it. */
export function openNetlink(protocol: number, groups = 0): number {
  const fd = checked("socket(AF_NETLINK)", socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol));
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  try {
    checked("bind(AF_NETLINK)", bind(fd, address, address.length));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** One conversation with the kernel: a request, its answers, and its end. */
export class NetlinkSocket implements Disposable {
  #fd: number;
  readonly #buffer = Buffer.alloc(receiveBytes);
  #sequence = 0;

  /** Opens in the network namespace that the calling thread is in. */
  constructor(protocol: number) {
    this.#fd = openNetlink(protocol);
    const on = Buffer.from([1, 0, 0, 0]);
    const [capAck, extendedAck] = [10, 11];
    for (const option of [capAck, extendedAck]) setsockopt(this.#fd, SOL_NETLINK, option, on, on.length);
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** The answers, for requests that have any: with the `ack` or `dump` flag. Throws `NetlinkFailure`. */
  request(type: number, flags: number, parts: readonly Uint8Array[]): NetlinkMessage[] {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const message = netlinkMessage({ type, flags: flags | netlinkFlags.request, sequence }, parts);
    checked("send(AF_NETLINK)", send(this.#fd, message, message.length, 0));
    const answers: NetlinkMessage[] = [];
    for (;;) {
      const length = checked("recv(AF_NETLINK)", recv(this.#fd, this.#buffer, receiveBytes, MSG_DONTWAIT));
      for (const answer of messagesIn(Buffer.from(this.#buffer.subarray(0, length)))) {
        if (answer.sequence !== sequence) continue; // the rest of an answer that an earlier failure left behind
        const end = endOfRequest(answer);
        if (!end) answers.push(answer);
        else if (end.errno) throw new NetlinkFailure(end.errno, end.reason);
        else return answers;
      }
    }
  }
}

/** rtnetlink of one network namespace. Every call throws "network-failed" with errno and the kernel's words. */
export class Rtnetlink implements Disposable {
  /** Opens in the network namespace that the calling thread is in. */
  readonly #socket = new NetlinkSocket(0);

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  /** A bridge that is up. Its fixed `mac` keeps containers' neighbour entries right while ports come and go. */
  addBridge(bridge: { name: string; mac: Uint8Array; group: number; mtu?: number }): void {
    this.#create(`add bridge ${bridge.name}`, RTM.newLink, [
      linkHeader({ up: true }),
      textAttribute(IFLA.name, bridge.name),
      attribute(IFLA.address, bridge.mac),
      numberAttribute(IFLA.group, bridge.group),
      ...mtuOf(bridge.mtu),
      nestedAttribute(IFLA.linkInfo, [textAttribute(IFLA.kind, "bridge")]),
    ]);
  }

  /**
   * A veth pair: one end up on a bridge here, the other in another namespace under its final name, and down: a peer
   * cannot be brought up before its pair is complete.
   */
  addVeth(veth: VethRequest): void {
    const { peer } = veth;
    const peerAttributes = [
      textAttribute(IFLA.name, peer.name),
      attribute(IFLA.address, peer.mac),
      numberAttribute(IFLA.netnsFd, peer.netnsFd),
      ...mtuOf(veth.mtu),
    ];
    this.#create(`add veth ${veth.name}`, RTM.newLink, [
      linkHeader({ up: true }),
      textAttribute(IFLA.name, veth.name),
      numberAttribute(IFLA.master, veth.master),
      numberAttribute(IFLA.group, veth.group),
      ...mtuOf(veth.mtu),
      nestedAttribute(IFLA.linkInfo, [
        textAttribute(IFLA.kind, "veth"),
        nestedAttribute(IFLA.data, [nestedAttribute(VETH_INFO_PEER, peerAttributes, linkHeader({}))]),
      ]),
    ]);
  }

  /** True when there was such a link. */
  deleteLink(name: string): boolean {
    const parts = [linkHeader({}), textAttribute(IFLA.name, name)];
    return this.#unless(["ENODEV"], `delete link ${name}`, () =>
      this.#socket.request(RTM.delLink, netlinkFlags.ack, parts),
    );
  }

  /** Changes a link by name: up or down, a new name (the link must be down), a bridge (0: none). Gives its index. */
  setLink(name: string, change: { up?: boolean; name?: string; master?: number; netnsFd?: number }): number {
    const { index } = this.linkNamed(name) ?? missing(name);
    this.#change(`set link ${name}`, RTM.newLink, [
      linkHeader({ index, up: change.up }),
      ...(change.name === undefined ? [] : [textAttribute(IFLA.name, change.name)]),
      ...(change.master === undefined ? [] : [numberAttribute(IFLA.master, change.master)]),
      ...(change.netnsFd === undefined ? [] : [numberAttribute(IFLA.netnsFd, change.netnsFd)]),
    ]);
    return index;
  }

  /** Stops a bridge port from passing anything, at once; deleting its link takes the kernel 20–50 ms. */
  disablePort(name: string): void {
    const link = this.linkNamed(name);
    if (!link) return;
    const state = attribute(BRPORT_STATE, Uint8Array.of(BR_STATE_DISABLED));
    const parts = [linkHeader({ family: AF_BRIDGE, index: link.index }), nestedAttribute(IFLA.portInfo, [state])];
    // Not supported by a link that is no port any more, because its bridge is gone.
    this.#unless(["ENOTSUP"], `disable port ${name}`, () => this.#socket.request(RTM.setLink, netlinkFlags.ack, parts));
  }

  linkNamed(name: string): Link | undefined {
    const parts = [linkHeader({}), textAttribute(IFLA.name, name)];
    let link: Link | undefined;
    this.#unless(["ENODEV"], `get link ${name}`, () => {
      [link] = this.#socket.request(RTM.getLink, netlinkFlags.ack, parts).map(linkOf);
    });
    return link;
  }

  links(): Link[] {
    return this.#dump("list links", RTM.getLink, linkHeader({})).map(linkOf);
  }

  /** Adds an address; nothing happens when the link has it already. */
  addAddress(linkIndex: number, { address, prefix }: Ipv4Prefix): void {
    const header = Buffer.from([AF_INET, prefix, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32LE(linkIndex, 4);
    const parts = [header, attribute(IFA.local, address), attribute(IFA.address, address)];
    if (prefix < 31) parts.push(attribute(IFA.broadcast, broadcastOf(address, prefix)));
    this.#unless(["EEXIST"], "add address", () =>
      this.#socket.request(RTM.newAddress, netlinkFlags.create | netlinkFlags.exclusive | netlinkFlags.ack, parts),
    );
  }

  /** Sets the default route, replacing the one that is there. */
  setDefaultRoute(gateway: Uint8Array, linkIndex: number): void {
    const flags = netlinkFlags.create | netlinkFlags.replace | netlinkFlags.ack;
    const parts = [routeHeader(0), attribute(RTA.gateway, gateway), numberAttribute(RTA.link, linkIndex)];
    this.#call("set default route", () => this.#socket.request(RTM.newRoute, flags, parts));
  }

  /** True when there was one. */
  deleteDefaultRoute(): boolean {
    return this.#unless(["ESRCH"], "delete default route", () =>
      this.#socket.request(RTM.delRoute, netlinkFlags.ack, [routeHeader(0)]),
    );
  }

  /** Destinations of every unicast IPv4 route of every table, without default routes. */
  routedPrefixes(): Ipv4Prefix[] {
    return this.#dump("list routes", RTM.getRoute, routeHeader(0)).flatMap(({ payload }) => {
      const destination = attributesIn(payload, 12).get(RTA.destination);
      const isUnicast = payload[0] === AF_INET && payload[7] === route.unicast;
      return destination && isUnicast ? [{ address: destination, prefix: payload[1] ?? 32 }] : [];
    });
  }

  #create(what: string, type: number, parts: readonly Uint8Array[]): void {
    const flags = netlinkFlags.create | netlinkFlags.exclusive | netlinkFlags.ack;
    this.#call(what, () => this.#socket.request(type, flags, parts));
  }

  #change(what: string, type: number, parts: readonly Uint8Array[]): void {
    this.#call(what, () => this.#socket.request(type, netlinkFlags.ack, parts));
  }

  #dump(what: string, type: number, header: Uint8Array): NetlinkMessage[] {
    let answer: NetlinkMessage[] = [];
    this.#call(what, () => {
      answer = this.#socket.request(type, netlinkFlags.dump, [header]);
    });
    return answer;
  }

  /** False when the kernel answered one of `codes`. */
  #unless(codes: readonly string[], what: string, work: () => unknown): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (error instanceof NetlinkFailure && codes.includes(error.code)) return false;
      throw failed(what, error);
    }
  }

  #call(what: string, work: () => unknown): void {
    this.#unless([], what, work);
  }
}

/** The kernel's refusal; `code` is errno's name. */
export class NetlinkFailure extends Error {
  readonly code: string;
  constructor(errno: number, reason: string) {
    const code = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
    super(reason ? `${code} (${reason})` : code);
    this.code = code;
  }
}

function failed(what: string, cause: unknown): GantryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GantryError("network-failed", `Cannot ${what}: ${reason}`, { cause });
}

function missing(name: string): never {
  throw new GantryError("network-failed", `There is no network interface ${name}`);
}

function linkHeader(link: { family?: number; index?: number; up?: boolean | undefined }): Buffer {
  const { family = 0, index = 0, up } = link;
  const header = Buffer.alloc(16);
  header.writeUInt8(family, 0);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(up ? IFF_UP : 0, 8);
  header.writeUInt32LE(up === undefined ? 0 : IFF_UP, 12);
  return header;
}

function routeHeader(prefix: number): Buffer {
  const { mainTable, protocolStatic, scopeGlobal, unicast } = route;
  return Buffer.from([AF_INET, prefix, 0, 0, mainTable, protocolStatic, scopeGlobal, unicast, 0, 0, 0, 0]);
}

function linkOf({ payload }: NetlinkMessage): Link {
  const attributes = attributesIn(payload, 16);
  return {
    index: payload.readInt32LE(4),
    name: textOf(attributes.get(IFLA.name)),
    group: attributes.get(IFLA.group)?.readUInt32LE() ?? 0,
    mac: attributes.get(IFLA.address)?.toString("hex") ?? "",
  };
}

function mtuOf(mtu: number | undefined): Buffer[] {
  return mtu === undefined ? [] : [numberAttribute(IFLA.mtu, mtu)];
}

function broadcastOf(address: Uint8Array, prefix: number): Uint8Array {
  return address.map((byte, at) => byte | (0xff >> Math.min(8, Math.max(0, prefix - at * 8))));
}
