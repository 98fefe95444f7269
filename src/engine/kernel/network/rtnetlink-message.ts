/**
 * Parts of rtnetlink messages: headers, and the attributes of links. Pure.
 *
 * @see Linux, include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h
 */
import { attributesIn, type NetlinkMessage, numberAttribute, textOf } from "./netlink-message.js";

export const AF = { inet: 2, bridge: 7, inet6: 10 };
export const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
};
export const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  portInfo: 12,
  linkInfo: 18,
  group: 27,
  netnsFd: 28,
  kind: 1,
  data: 2,
};
export const VETH_INFO_PEER = 1;
export const IFLA_MACVLAN_MODE = 1;
export const IFLA_VLAN_ID = 1;
export const macvlanModeBits = { private: 1, vepa: 2, bridge: 4, passthru: 8 };
/** IFLA_BRPORT_…: attributes of a bridge's port; `disabled` is a state. */
export const bridgePort = { state: 1, hairpin: 4, disabled: 0 };
export const IFA = { address: 1, local: 2, broadcast: 4 };
/** No duplicate address detection: the address counts at once. */
const IFA_F_NODAD = 2;
export const RTA = { destination: 1, link: 4, gateway: 5 };
const IFF_UP = 1;
const route = { mainTable: 254, protocolStatic: 4, scopeGlobal: 0, unicast: 1 };

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly group: number;
  readonly mac: string;
}

export function familyNumber(addressBytes: number): number {
  return addressBytes === 4 ? AF.inet : AF.inet6;
}

/** `up` undefined leaves it as it is. */
export function linkHeader(link: { family?: number; index?: number; up?: boolean | undefined }): Buffer {
  const { family = 0, index = 0, up } = link;
  const header = Buffer.alloc(16);
  header.writeUInt8(family, 0);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(up ? IFF_UP : 0, 8);
  header.writeUInt32LE(up === undefined ? 0 : IFF_UP, 12);
  return header;
}

/** Of a default route, in the main table. */
export function routeHeader(family: number): Buffer {
  const { mainTable, protocolStatic, scopeGlobal, unicast } = route;
  return Buffer.from([family, 0, 0, 0, mainTable, protocolStatic, scopeGlobal, unicast, 0, 0, 0, 0]);
}

export function addressHeader(linkIndex: number, address: { family: number; prefix: number }): Buffer {
  const flags = address.family === AF.inet6 ? IFA_F_NODAD : 0;
  const header = Buffer.from([address.family, address.prefix, flags, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(linkIndex, 4);
  return header;
}

export function linkOf({ payload }: NetlinkMessage): Link {
  const attributes = attributesIn(payload, 16);
  return {
    index: payload.readInt32LE(4),
    name: textOf(attributes.get(IFLA.name)),
    group: attributes.get(IFLA.group)?.readUInt32LE() ?? 0,
    mac: attributes.get(IFLA.address)?.toString("hex") ?? "",
  };
}

/** The destination of a unicast route with one; undefined for others. */
export function routedPrefix({ payload }: NetlinkMessage): { address: Uint8Array; prefix: number } | undefined {
  const address = attributesIn(payload, 12).get(RTA.destination);
  return address && payload[7] === route.unicast ? { address, prefix: payload[1] ?? 0 } : undefined;
}

export function mtuAttribute(mtu: number | undefined): Buffer[] {
  return mtu === undefined ? [] : [numberAttribute(IFLA.mtu, mtu)];
}

/** The highest address of an IPv4 subnet. */
export function broadcastOf(address: Uint8Array, prefix: number): Uint8Array {
  return address.map((byte, at) => byte | (0xff >> Math.min(8, Math.max(0, prefix - at * 8))));
}
