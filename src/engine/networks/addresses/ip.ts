/** IP addresses and subnets of both families as numbers. Pure. */
import { isIPv6 } from "node:net";

export type Family = 4 | 6;

/** `value` is the address as an unsigned number of 32 or 128 bits. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** `base` is the lowest address. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/** Bits of an address of the family. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Undefined unless it is four decimal numbers without leading zeros, or IPv6 text without a zone. */
export function parseAddress(text: string): Address | undefined {
  const bytes = text.includes(":") ? ipv6Bytes(text) : ipv4Bytes(text);
  return bytes && addressFromBytes(bytes);
}

/** IPv6 in the short form of RFC 5952: `fd00::1`. */
export function formatAddress(address: Address): string {
  const bytes = addressBytes(address);
  return address.family === 4 ? bytes.join(".") : formatIpv6(bytes);
}

/** The four or sixteen bytes in network order. */
export function addressBytes({ family, value }: Address): Uint8Array {
  const hex = value.toString(16).padStart(bitsOf(family) / 4, "0");
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** Of four bytes an IPv4 address, else an IPv6 one. */
export function addressFromBytes(bytes: Uint8Array): Address {
  return { family: bytes.length === 4 ? 4 : 6, value: BigInt(`0x${Buffer.from(bytes).toString("hex")}`) };
}

/** `10.90.0.0/20`, `fd00:1::/64`; bits below the prefix are cut off. Undefined unless it is an address and a length. */
export function parseSubnet(text: string): Subnet | undefined {
  const [before = "", length = "", more] = text.split("/");
  const address = parseAddress(before);
  if (!address || more !== undefined || !/^\d{1,3}$/.test(length) || Number(length) > bitsOf(address.family)) return;
  return subnetOf(address, Number(length));
}

export function subnetOf({ family, value }: Address, prefix: number): Subnet {
  const size = 1n << BigInt(bitsOf(family) - prefix);
  return { family, base: value - (value % size), prefix };
}

export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefix}`;
}

export function lastAddress({ family, base, prefix }: Subnet): bigint {
  return base + (1n << BigInt(bitsOf(family) - prefix)) - 1n;
}

export function containsAddress(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value <= lastAddress(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.base <= lastAddress(b) && b.base <= lastAddress(a);
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return;
  return Uint8Array.from(parts, Number);
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const tail = ipv4Bytes(text.slice(text.lastIndexOf(":") + 1)); // `::ffff:192.0.2.1`
  const hex = (high = 0, low = 0) => ((high << 8) | low).toString(16);
  const plain = tail
    ? `${text.slice(0, text.lastIndexOf(":") + 1)}${hex(tail[0], tail[1])}:${hex(tail[2], tail[3])}`
    : text;
  const [head = "", rest] = plain.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = rest === undefined ? [] : groups(rest);
  const middle = new Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...middle, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

/** The longest run of two or more zero groups becomes `::`, the first of several. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  let [start, length] = [0, 0];
  for (let at = 0; at < 8; at += 1) {
    const next = groups.findIndex((group, index) => index >= at && group !== 0);
    const run = (next < 0 ? 8 : next) - at;
    if (run > length) [start, length] = [at, run];
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}
