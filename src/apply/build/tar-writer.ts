/** A tar as Docker's clients send a build context: pax records for what a ustar header cannot hold. Pure. */

const block = 512;
const nameBytes = 100;
/** Eleven octal digits. */
const maxOctalSize = 8 ** 11;

export interface TarHeader {
  /** Relative; a directory's ends with a slash. */
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly sizeBytes: number;
  /** Whole seconds. */
  readonly modifiedS: number;
  readonly linkName?: string;
}

/** The blocks before an entry's content. Everything belongs to root. */
export function tarHeader(header: TarHeader): Buffer {
  const { name, linkName = "", sizeBytes } = header;
  const records = [
    ...(Buffer.byteLength(name) > nameBytes || !isAscii(name) ? [record("path", name)] : []),
    ...(Buffer.byteLength(linkName) > nameBytes || !isAscii(linkName) ? [record("linkpath", linkName)] : []),
    ...(sizeBytes >= maxOctalSize ? [record("size", String(sizeBytes))] : []),
  ];
  const own = headerBlock({ ...header, typeFlag: flagOf(header.type) });
  if (records.length === 0) return own;
  const body = Buffer.from(records.join(""));
  const extended = { ...header, name: "pax", linkName: "", sizeBytes: body.length, mode: 0o644, typeFlag: "x" };
  return Buffer.concat([headerBlock(extended), body, tarPadding(body.length), own]);
}

/** Fills the last block of a content of this size. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((block - (sizeBytes % block)) % block);
}

export const tarEnd: Buffer = Buffer.alloc(2 * block);

function headerBlock(header: TarHeader & { readonly typeFlag: string }): Buffer {
  const { name, linkName = "", mode, sizeBytes, modifiedS, typeFlag } = header;
  const bytes = Buffer.alloc(block);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0").slice(-digits)}\0`;
  Buffer.from(name).copy(bytes, 0, 0, nameBytes);
  bytes.write(octal(mode & 0o7777, 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(sizeBytes >= maxOctalSize ? 0 : sizeBytes, 11), 124);
  bytes.write(octal(Math.max(0, Math.floor(modifiedS)), 11), 136);
  bytes.write(" ".repeat(8), 148); // the checksum counts itself as blanks
  bytes.write(typeFlag, 156);
  Buffer.from(linkName).copy(bytes, 157, 0, nameBytes);
  bytes.write("ustar\x0000", 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

function flagOf(type: TarHeader["type"]): string {
  return type === "directory" ? "5" : type === "symlink" ? "2" : "0";
}

/** `LENGTH key=value\n`, whose length counts itself. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
