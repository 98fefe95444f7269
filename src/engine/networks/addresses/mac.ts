/** MAC addresses: made, read and written. Pure. */
import { type Address, addressBytes } from "./ip.js";

/** A locally administered address made from an IP address, so that neighbours' caches stay right on reuse. */
export function macOf(address: Address): Uint8Array {
  return Uint8Array.of(0x02, 0x42, ...addressBytes(address).slice(-4));
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
