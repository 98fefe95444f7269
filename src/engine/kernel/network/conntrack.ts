/**
 * The kernel's memory of UDP flows, as `conntrack -D` clears it. Touches the world.
 *
 * A flow keeps the translation that its first packet met. A client that goes on sending from one port (a log shipper)
 * would go on reaching a container that is gone, or none although one has come.
 *
 * @see Linux, include/uapi/linux/netfilter/nfnetlink_conntrack.h
 */
import { NetlinkFailure, NetlinkSocket } from "./netlink.js";
import { attribute, attributesIn, netlinkFlags } from "./netlink-message.js";

const NETLINK_NETFILTER = 12;
const get = (1 << 8) | 1;
const remove = (1 << 8) | 2;
const families = [2, 10]; // AF_INET, AF_INET6
const IPPROTO_UDP = 17;
const nested = 0x8000;
const CTA = { original: 1, reply: 2, ip: 1, protocol: 2, number: 1, destinationPort: 3 };
/** Attribute types of a tuple's addresses, IPv4 and IPv6. */
const addressTypes = { source: [1, 3], destination: [2, 4] };

/** One UDP flow: whom the client addressed, and whose answers count as replies. Addresses of four or sixteen bytes. */
export interface UdpFlow {
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  readonly replySource: Uint8Array;
}

/** Forgets the UDP flows that `isStale` picks; how many. Reads the whole table: not for every packet. */
export function forgetUdpFlows(isStale: (flow: UdpFlow) => boolean): number {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  return families.reduce((sum, family) => sum + forgetOf(socket, family, isStale), 0);
}

function forgetOf(socket: NetlinkSocket, family: number, isStale: (flow: UdpFlow) => boolean): number {
  const header = Buffer.from([family, 0, 0, 0]);
  let forgotten = 0;
  for (const { payload } of socket.request(get, netlinkFlags.dump, [header])) {
    const attributes = attributesIn(payload, header.length);
    const flow = udpFlow(attributes);
    const original = attributes.get(CTA.original);
    if (!flow || !original || !isStale(flow)) continue;
    try {
      socket.request(remove, netlinkFlags.ack, [header, attribute(CTA.original | nested, original)]);
      forgotten += 1;
    } catch (error) {
      if (!(error instanceof NetlinkFailure && error.code === "ENOENT")) throw error; // it ended by itself
    }
  }
  return forgotten;
}

function udpFlow(attributes: Map<number, Buffer>): UdpFlow | undefined {
  const original = attributes.get(CTA.original);
  const reply = attributes.get(CTA.reply);
  const protocol = inner(original, CTA.protocol);
  const destination = addressIn(original, addressTypes.destination);
  const replySource = addressIn(reply, addressTypes.source);
  const port = protocol.get(CTA.destinationPort);
  if (protocol.get(CTA.number)?.[0] !== IPPROTO_UDP || !destination || !replySource || !port) return undefined;
  return { destination, destinationPort: port.readUInt16BE(), replySource };
}

function addressIn(tuple: Buffer | undefined, types: readonly number[]): Uint8Array | undefined {
  const addresses = inner(tuple, CTA.ip);
  return types.map((type) => addresses.get(type)).find((address) => address !== undefined);
}

function inner(tuple: Buffer | undefined, type: number): Map<number, Buffer> {
  const part = tuple && attributesIn(tuple).get(type);
  return part ? attributesIn(part) : new Map();
}
