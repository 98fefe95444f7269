/**
 * Encodes headers of a tar archive: ustar, with an extended (PAX) header before an entry that does not fit.
 *
 * Does not touch the world. Names are byte strings, one character per byte, as `tar-header.ts` reads them.
 *
 * @see POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"
 */
import { blockBytes, type TarEntry, type TarEntryType } from "../archive/tar-header.js";

const flags: Readonly<Record<TarEntryType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};
const nameBytes = 100;
const prefixBytes = 155;
/** The largest number that an octal field of eleven digits holds. */
const maxOctal12 = 8 ** 11 - 1;
const maxOctal8 = 8 ** 7 - 1;

/** Two blocks of zeros. */
export const endOfArchive: Buffer = Buffer.alloc(2 * blockBytes);

/** What precedes the entry's content. Directories get the slash that marks them. */
export function encodeEntry(entry: TarEntry): Buffer {
  const name = entry.type === "directory" && !entry.name.endsWith("/") ? `${entry.name}/` : entry.name;
  const split = splitName(name);
  const seconds = Number(entry.modifiedNanos / 1_000_000_000n);
  const records = paxRecords({ ...entry, name }, { nameFits: split !== undefined, seconds });
  const header = ustar(flags[entry.type], {
    ...(split ?? { prefix: "", name: name.slice(-nameBytes) }),
    linkName: entry.linkName.slice(0, nameBytes),
    mode: entry.mode,
    uid: fits(entry.uid, maxOctal8),
    gid: fits(entry.gid, maxOctal8),
    size: fits(entry.sizeBytes, maxOctal12),
    mtime: fits(seconds, maxOctal12),
    device: entry.device,
  });
  return records.length === 0 ? header : Buffer.concat([paxBlocks(records), header]);
}

/** The zeros after content of that size. */
export function paddingOf(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

function paxRecords(entry: TarEntry, { nameFits, seconds }: { nameFits: boolean; seconds: number }): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: Buffer) => records.push(paxRecord(key, value));
  if (!nameFits) add("path", Buffer.from(entry.name, "latin1"));
  if (entry.linkName.length > nameBytes) add("linkpath", Buffer.from(entry.linkName, "latin1"));
  if (entry.sizeBytes > maxOctal12) add("size", Buffer.from(String(entry.sizeBytes)));
  if (entry.uid > maxOctal8) add("uid", Buffer.from(String(entry.uid)));
  if (entry.gid > maxOctal8) add("gid", Buffer.from(String(entry.gid)));
  if (seconds < 0 || seconds > maxOctal12) add("mtime", Buffer.from(String(seconds)));
  for (const [key, value] of entry.xattrs) add(`SCHILY.xattr.${key}`, value);
  return records;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function paxBlocks(records: readonly Buffer[]): Buffer {
  const content = Buffer.concat(records);
  const header = ustar("x", {
    ...{ prefix: "", name: "PaxHeaders/entry", linkName: "", mode: 0o644, uid: 0, gid: 0, mtime: 0 },
    size: content.length,
    device: { major: 0, minor: 0 },
  });
  return Buffer.concat([header, content, paddingOf(content.length)]);
}

interface UstarFields {
  readonly name: string;
  readonly prefix: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly device: { readonly major: number; readonly minor: number };
}

function ustar(flag: string, fields: UstarFields): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(fields.name, 0, nameBytes, "latin1");
  octal(block, fields.mode, { at: 100, width: 8 });
  octal(block, fields.uid, { at: 108, width: 8 });
  octal(block, fields.gid, { at: 116, width: 8 });
  octal(block, fields.size, { at: 124, width: 12 });
  octal(block, fields.mtime, { at: 136, width: 12 });
  block.write("        ", 148, "latin1"); // the checksum counts as spaces while it is summed
  block.write(flag, 156, "latin1");
  block.write(fields.linkName, 157, nameBytes, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  octal(block, fields.device.major, { at: 329, width: 8 });
  octal(block, fields.device.minor, { at: 337, width: 8 });
  block.write(fields.prefix, 345, prefixBytes, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, "latin1");
  return block;
}

function octal(block: Buffer, value: number, { at, width }: { at: number; width: number }): void {
  block.write(value.toString(8).padStart(width - 1, "0"), at, width - 1, "latin1");
}

/** Zero where a PAX record says the value. */
function fits(value: number, most: number): number {
  return value >= 0 && value <= most ? value : 0;
}

/** Undefined when the name fits in no way. */
function splitName(name: string): { prefix: string; name: string } | undefined {
  if (name.length <= nameBytes) return { prefix: "", name };
  const at = name.slice(0, prefixBytes + 1).lastIndexOf("/");
  if (at <= 0 || name.length - at - 1 > nameBytes || at === name.length - 1) return undefined;
  return { prefix: name.slice(0, at), name: name.slice(at + 1) };
}
