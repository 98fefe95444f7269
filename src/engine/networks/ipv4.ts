/** IPv4 addresses and subnets as numbers. Pure. */

/** `base` is the lowest address, as an unsigned 32-bit number. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
}

/** Undefined unless it is four decimal numbers without leading zeros. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return;
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

export function formatIpv4(address: number): string {
  return ipv4Bytes(address).join(".");
}

/** The four bytes in network order. */
export function ipv4Bytes(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff);
}

export function ipv4FromBytes(bytes: Uint8Array): number {
  return bytes.slice(0, 4).reduce((value, byte) => value * 256 + byte, 0);
}

/** `10.90.0.0/20`; bits below the prefix are cut off. Undefined unless it is an address and a length of 0–32. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = "", length = "", more] = text.split("/");
  const value = parseIpv4(address);
  const prefix = /^\d{1,2}$/.test(length) ? Number(length) : 33;
  if (value === undefined || more !== undefined || prefix > 32) return undefined;
  return subnetOf(value, prefix);
}

export function subnetOf(address: number, prefix: number): Subnet {
  return { base: Math.floor(address / sizeOf(prefix)) * sizeOf(prefix), prefix };
}

export function formatSubnet({ base, prefix }: Subnet): string {
  return `${formatIpv4(base)}/${prefix}`;
}

export function lastAddress({ base, prefix }: Subnet): number {
  return base + sizeOf(prefix) - 1;
}

export function containsAddress(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address <= lastAddress(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base <= lastAddress(b) && b.base <= lastAddress(a);
}

/** A locally administered MAC address made from an IPv4 address, so that neighbours' caches stay right on reuse. */
export function macOf(address: number): Uint8Array {
  return Uint8Array.of(0x02, 0x42, ...ipv4Bytes(address));
}

export function formatMac(mac: Uint8Array): string {
  return [...mac].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Undefined unless it is six hexadecimal bytes and not a group address. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined;
  const bytes = Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
  return (bytes[0] ?? 1) & 1 ? undefined : bytes;
}

function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}
