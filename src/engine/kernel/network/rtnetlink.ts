/**
 * Links, addresses and routes of one network namespace: what `ip` does, without spawning it. Touches the world.
 *
 * Most calls block on nothing but the kernel's lock; deleting a link takes it 20–50 ms, so that there is a way of doing
 * it in the background.
 *
 * @see man 7 rtnetlink
 */
import { GantryError } from "../../../base/errors.js";
import { NetlinkFailure, NetlinkSocket } from "./netlink.js";
import {
  attribute,
  type NetlinkMessage,
  nestedAttribute,
  netlinkFlags,
  numberAttribute,
  textAttribute,
} from "./netlink-message.js";
import {
  AF,
  addressHeader,
  bridgePort,
  broadcastOf,
  familyNumber,
  IFA,
  IFLA,
  IFLA_MACVLAN_MODE,
  IFLA_VLAN_ID,
  type Link,
  linkHeader,
  linkOf,
  macvlanModeBits,
  mtuAttribute,
  RTA,
  RTM,
  routedPrefix,
  routeHeader,
  VETH_INFO_PEER,
} from "./rtnetlink-message.js";

export type { Link } from "./rtnetlink-message.js";

/** Four bytes or sixteen, and a prefix length. */
export interface IpPrefix {
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
export interface MacvlanRequest {
  readonly name: string;
  /** Index of the host's interface. */
  readonly parent: number;
  readonly mode: keyof typeof macvlanModeBits;
  readonly netnsFd: number;
  readonly mac: Uint8Array;
  readonly mtu?: number;
}

/** Every call throws "network-failed" with errno and the kernel's words. */
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
      ...mtuAttribute(bridge.mtu),
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
      ...mtuAttribute(veth.mtu),
    ];
    this.#create(`add veth ${veth.name}`, RTM.newLink, [
      linkHeader({ up: true }),
      textAttribute(IFLA.name, veth.name),
      numberAttribute(IFLA.master, veth.master),
      numberAttribute(IFLA.group, veth.group),
      ...mtuAttribute(veth.mtu),
      nestedAttribute(IFLA.linkInfo, [
        textAttribute(IFLA.kind, "veth"),
        nestedAttribute(IFLA.data, [nestedAttribute(VETH_INFO_PEER, peerAttributes, linkHeader({}))]),
      ]),
    ]);
  }

  /** An interface in another namespace that shares the wire of one here, and down. */
  addMacvlan({ name, parent, mode, netnsFd, mac, mtu }: MacvlanRequest): void {
    const data = [numberAttribute(IFLA_MACVLAN_MODE, macvlanModeBits[mode])];
    this.#create(`add macvlan ${name}`, RTM.newLink, [
      linkHeader({}),
      textAttribute(IFLA.name, name),
      attribute(IFLA.address, mac),
      numberAttribute(IFLA.link, parent),
      numberAttribute(IFLA.netnsFd, netnsFd),
      ...mtuAttribute(mtu),
      nestedAttribute(IFLA.linkInfo, [textAttribute(IFLA.kind, "macvlan"), nestedAttribute(IFLA.data, data)]),
    ]);
  }

  /** A VLAN's sub-interface that is up. `id` 1–4094. */
  addVlan({ name, parent, id, group }: { name: string; parent: number; id: number; group: number }): void {
    const data = [attribute(IFLA_VLAN_ID, Uint8Array.of(id & 0xff, id >> 8))];
    this.#create(`add VLAN ${name}`, RTM.newLink, [
      linkHeader({ up: true }),
      textAttribute(IFLA.name, name),
      numberAttribute(IFLA.link, parent),
      numberAttribute(IFLA.group, group),
      nestedAttribute(IFLA.linkInfo, [textAttribute(IFLA.kind, "vlan"), nestedAttribute(IFLA.data, data)]),
    ]);
  }

  /** True when there was such a link. */
  deleteLink(name: string): boolean {
    const parts = [linkHeader({}), textAttribute(IFLA.name, name)];
    return this.#unless(["ENODEV"], `delete link ${name}`, () =>
      this.#socket.request(RTM.delLink, netlinkFlags.ack, parts),
    );
  }

  /** Deletes all links of a group at once, off the event loop. No other call on this object meanwhile. */
  async deleteGroup(group: number): Promise<void> {
    const parts = [linkHeader({}), numberAttribute(IFLA.group, group)];
    try {
      await this.#socket.requestInBackground(RTM.delLink, netlinkFlags.ack, parts);
    } catch (error) {
      if (!(error instanceof NetlinkFailure && error.code === "ENODEV")) throw failed("delete links", error);
    }
  }

  /** Changes a link by name: up or down, or its group. Gives its index. */
  setLink(name: string, change: { up?: boolean; group?: number }): number {
    const { index } = this.linkNamed(name) ?? missing(name);
    this.#change(`set link ${name}`, RTM.newLink, [
      linkHeader({ index, up: change.up }),
      ...(change.group === undefined ? [] : [numberAttribute(IFLA.group, change.group)]),
    ]);
    return index;
  }

  /** Stops a bridge port from passing anything, at once; deleting its link takes the kernel 20–50 ms. */
  disablePort(name: string): void {
    this.#setPort(name, attribute(bridgePort.state, Uint8Array.of(bridgePort.disabled)));
  }

  /** Lets a bridge port send out what came in through it. */
  setHairpin(name: string): void {
    this.#setPort(name, attribute(bridgePort.hairpin, Uint8Array.of(1)));
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

  /** Adds an address, which counts at once; nothing happens when the link has it already. */
  addAddress(linkIndex: number, { address, prefix }: IpPrefix): void {
    const family = familyNumber(address.length);
    const header = addressHeader(linkIndex, { family, prefix });
    const parts = [header, attribute(IFA.local, address), attribute(IFA.address, address)];
    if (family === AF.inet && prefix < 31) parts.push(attribute(IFA.broadcast, broadcastOf(address, prefix)));
    this.#unless(["EEXIST"], "add address", () =>
      this.#socket.request(RTM.newAddress, netlinkFlags.create | netlinkFlags.exclusive | netlinkFlags.ack, parts),
    );
  }

  /** Sets the default route of the gateway's family, replacing the one that is there. */
  setDefaultRoute(gateway: Uint8Array, linkIndex: number): void {
    const flags = netlinkFlags.create | netlinkFlags.replace | netlinkFlags.ack;
    const header = routeHeader(familyNumber(gateway.length));
    const parts = [header, attribute(RTA.gateway, gateway), numberAttribute(RTA.link, linkIndex)];
    this.#call("set default route", () => this.#socket.request(RTM.newRoute, flags, parts));
  }

  /** `family` 4 or 6. True when there was one. */
  deleteDefaultRoute(family: 4 | 6): boolean {
    const header = routeHeader(family === 4 ? AF.inet : AF.inet6);
    return this.#unless(["ESRCH"], "delete default route", () =>
      this.#socket.request(RTM.delRoute, netlinkFlags.ack, [header]),
    );
  }

  /** Destinations of every unicast route of both families and every table, without default routes. */
  routedPrefixes(): IpPrefix[] {
    const families = [AF.inet, AF.inet6];
    const routes = families.flatMap((family) => this.#dump("list routes", RTM.getRoute, routeHeader(family)));
    return routes.flatMap((message) => routedPrefix(message) ?? []);
  }

  /** Nothing happens for a link that is gone, or is no port any more, because its bridge is gone. */
  #setPort(name: string, change: Uint8Array): void {
    const link = this.linkNamed(name);
    if (!link) return;
    const parts = [linkHeader({ family: AF.bridge, index: link.index }), nestedAttribute(IFLA.portInfo, [change])];
    this.#unless(["ENOTSUP"], `change port ${name}`, () => this.#socket.request(RTM.setLink, netlinkFlags.ack, parts));
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

function failed(what: string, cause: unknown): GantryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GantryError("network-failed", `Cannot ${what}: ${reason}`, { cause });
}

function missing(name: string): never {
  throw new GantryError("network-failed", `There is no network interface ${name}`);
}
