/**
 * Bytes of netlink messages: headers, attributes, and what comes back. Pure. Numbers are in the host's order, which is
 * little-endian on every machine that Gantry supports (x86-64, arm64).
 *
 * @see Linux, include/uapi/linux/netlink.h and rtnetlink.h
 */

/** Flags of a request; `flags.ack` asks for an answer to a request that has none. */
export const netlinkFlags = { request: 1, ack: 4, dump: 0x300, replace: 0x100, exclusive: 0x200, create: 0x400 };

const errorType = 2;
const doneType = 3;
const headerBytes = 16;
const nested = 0x8000;
const attributeTypeMask = 0x3fff;
const errorHasAttributes = 0x200;
const errorTextAttribute = 1;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** An attribute with raw bytes, padded to four. */
export function attribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(aligned(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, 4);
  return bytes;
}

/** A text with its closing zero. */
export function textAttribute(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}

export function numberAttribute(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return attribute(type, bytes);
}

/** Attributes within an attribute; `first` is a fixed struct in front of them, as VETH_INFO_PEER has it. */
export function nestedAttribute(type: number, parts: readonly Uint8Array[], first?: Uint8Array): Buffer {
  return attribute(type | nested, Buffer.concat(first ? [first, ...parts] : parts));
}

/** A whole message: header, fixed struct, attributes. */
export function netlinkMessage(
  header: { type: number; flags: number; sequence: number },
  parts: readonly Uint8Array[],
) {
  const body = Buffer.concat(parts);
  const bytes = Buffer.alloc(headerBytes + body.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(header.type, 4);
  bytes.writeUInt16LE(header.flags, 6);
  bytes.writeUInt32LE(header.sequence, 8);
  bytes.set(body, headerBytes);
  return bytes;
}

/** The messages of one datagram. A length that does not fit ends the list. */
export function messagesIn(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + headerBytes <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < headerBytes || at + length > datagram.length) break;
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + headerBytes, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** Attributes by type, from `start` on; of several of one type the last. */
export function attributesIn(bytes: Buffer, start = 0): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = start; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    attributes.set(bytes.readUInt16LE(at + 2) & attributeTypeMask, bytes.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return attributes;
}

export function textOf(value: Buffer | undefined): string {
  return value ? value.toString("utf8").replace(/\0.*$/s, "") : "";
}

/** What a message ends a request with: errno (0 for success) and the kernel's words, or that a dump is complete. */
export function endOfRequest(message: NetlinkMessage): { errno: number; reason: string } | undefined {
  if (message.type === doneType) return { errno: 0, reason: "" };
  if (message.type !== errorType || message.payload.length < 4) return undefined;
  const errno = 0 - message.payload.readInt32LE(0);
  // With NETLINK_CAP_ACK the answer holds the request's header only, then the attributes.
  const texts = message.flags & errorHasAttributes ? attributesIn(message.payload, 4 + headerBytes) : new Map();
  return { errno, reason: textOf(texts.get(errorTextAttribute)) };
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
