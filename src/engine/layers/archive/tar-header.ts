/**
 * Decodes the 512-byte headers of a tar archive and the extended (PAX) records before them.
 *
 * Does not touch the world. Names are kept as "byte strings", one character per byte, since a file name need not be
 * UTF-8 and an attribute's value (a file capability) never is: the archive readers of npm decode both as text and
 * damage them, which is why there is one here.
 *
 * @see POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar, "Basic Tar Format"
 */
import { GantryError } from "../../../base/errors.js";

export type TarEntryType = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

/** What an entry asks for. `name` and `linkName` are byte strings as written, of any form. */
export interface TarEntry {
  readonly type: TarEntryType;
  readonly name: string;
  readonly linkName: string;
  /** Permission, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedNanos: bigint;
  readonly device: { readonly major: number; readonly minor: number };
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

/** A header as it stands; `flag` is the type's character. */
export interface RawHeader {
  readonly flag: string;
  readonly sizeBytes: number;
  readonly block: Buffer;
}

/** What preceded an entry: PAX records by key (values as raw bytes) and GNU's long names. */
export interface Extensions {
  readonly pax: Map<string, Buffer>;
  longName?: string;
  longLink?: string;
}

export const blockBytes = 512;

/** A block that holds only zeros ends the archive. */
export function isEndBlock(block: Buffer): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0);
}

/** Throws "import-failed" for a block that is no header. */
export function decodeRawHeader(block: Buffer): RawHeader {
  const stated = number(block, 148, 8);
  // Some old writers summed signed bytes.
  if (stated !== sum(block, (byte) => byte) && stated !== sum(block, (byte) => (byte > 127 ? byte - 256 : byte))) {
    throw refused("a header has a wrong checksum: this is not a tar archive, or it is damaged");
  }
  return { flag: String.fromCharCode(block[156] || 0x30), sizeBytes: number(block, 124, 12), block };
}

/** Undefined for an entry that has no place in a tree (volume labels and other vendors' notes). */
export function decodeEntry({ flag, block }: RawHeader, { pax, longName, longLink }: Extensions): TarEntry | undefined {
  if (flag === "S" || [...pax.keys()].some((key) => key.startsWith("GNU.sparse."))) {
    throw refused("sparse files are not supported");
  }
  const name = paxText(pax, "path") ?? longName ?? ustarName(block);
  const type = typeOf(flag, name);
  if (!type) return undefined;
  return {
    type,
    name,
    linkName: paxText(pax, "linkpath") ?? longLink ?? text(block, 157, 100),
    mode: number(block, 100, 8) & 0o7777,
    uid: paxNumber(pax, "uid") ?? number(block, 108, 8),
    gid: paxNumber(pax, "gid") ?? number(block, 116, 8),
    sizeBytes: type === "file" ? sizeOf(block, pax) : 0,
    modifiedNanos: paxNanos(pax, "mtime") ?? BigInt(Math.trunc(number(block, 136, 12))) * 1_000_000_000n,
    device: { major: number(block, 329, 8), minor: number(block, 337, 8) },
    xattrs: xattrsOf(pax),
  };
}

/**
 * Bytes of content that follow the header. Links, devices and directories have none, whatever size some writers state;
 * it is the flag that counts: a file whose name ends in a slash is read as a directory, and its content skipped.
 */
export function contentBytes({ flag, block }: RawHeader, pax: ReadonlyMap<string, Buffer>): number {
  return "123456".includes(flag) ? 0 : sizeOf(block, pax);
}

/** The records `LENGTH KEY=VALUE\n` of a PAX header, into `into`. An empty value takes an earlier one back. */
export function decodePax(bytes: Buffer, into: Map<string, Buffer>): void {
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(bytes.toString("latin1", at, space));
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length;
    if (!Number.isInteger(length) || end > bytes.length || end <= space || equals < 0 || equals >= end) {
      throw refused("an extended header is damaged");
    }
    const key = bytes.toString("utf8", space + 1, equals);
    if (equals + 1 === end - 1) into.delete(key);
    else into.set(key, Buffer.from(bytes.subarray(equals + 1, end - 1)));
    at = end;
  }
}

/** Bytes up to the first NUL, as a byte string. */
export function text(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset);
  return block.toString("latin1", offset, end < 0 ? offset + length : Math.min(end, offset + length));
}

/** The refusal of an archive, with its reason. */
export function refused(reason: string, name?: string): GantryError {
  const where = name === undefined ? "" : ` (entry ${JSON.stringify(Buffer.from(name, "latin1").toString())})`;
  return new GantryError("import-failed", `The archive was refused: ${reason}${where}`);
}

function sizeOf(block: Buffer, pax: ReadonlyMap<string, Buffer>): number {
  const size = paxNumber(pax, "size") ?? number(block, 124, 12);
  if (!Number.isSafeInteger(size) || size < 0) throw refused("an entry has an impossible size");
  return size;
}

function ustarName(block: Buffer): string {
  const name = text(block, 0, 100);
  // GNU's own format has other fields where ustar has the prefix; its magic is "ustar" and a space.
  const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? text(block, 345, 155) : "";
  return prefix ? `${prefix}/${name}` : name;
}

function typeOf(flag: string, name: string): TarEntryType | undefined {
  switch (flag) {
    case "0":
    case "7":
      return name.endsWith("/") ? "directory" : "file"; // archives older than ustar mark directories by the slash
    case "1":
      return "hardlink";
    case "2":
      return "symlink";
    case "3":
      return "character";
    case "4":
      return "block";
    case "5":
      return "directory";
    case "6":
      return "fifo";
    default:
      return undefined;
  }
}

/** Octal digits, or big-endian binary when the first bit is set (GNU, for what octal cannot hold). */
function number(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  if (first & 0x80) {
    let value = first & 0x40 ? BigInt(first) - 256n : BigInt(first & 0x7f);
    for (let at = offset + 1; at < offset + length; at += 1) value = value * 256n + BigInt(block[at] ?? 0);
    return Number(value);
  }
  const digits = text(block, offset, length).trim();
  if (digits === "") return 0;
  if (!/^[0-7]+$/.test(digits)) throw refused("a header has a field that is no number");
  return Number.parseInt(digits, 8);
}

function sum(block: Buffer, weigh: (byte: number) => number): number {
  let total = 8 * 0x20; // the checksum field counts as spaces
  for (let at = 0; at < blockBytes; at += 1) if (at < 148 || at >= 156) total += weigh(block[at] ?? 0);
  return total;
}

function paxText(pax: ReadonlyMap<string, Buffer>, key: string): string | undefined {
  return pax.get(key)?.toString("latin1");
}

function paxNumber(pax: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const value = paxText(pax, key);
  if (value === undefined) return undefined;
  if (!/^\d{1,16}$/.test(value)) throw refused(`an extended header has a wrong ${key}`);
  return Number(value);
}

function paxNanos(pax: ReadonlyMap<string, Buffer>, key: string): bigint | undefined {
  const value = paxText(pax, key);
  const match = value === undefined ? undefined : /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(value);
  if (!match) return undefined;
  const nanos = BigInt(match[2] ?? 0) * 1_000_000_000n + BigInt((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  return match[1] ? -nanos : nanos;
}

const xattrPrefix = "SCHILY.xattr.";

function xattrsOf(pax: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of pax) if (key.startsWith(xattrPrefix)) xattrs.set(key.slice(xattrPrefix.length), value);
  return xattrs;
}
