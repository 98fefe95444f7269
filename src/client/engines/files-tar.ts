/** Small files as a tar archive, for engines that take a container's configs and secrets only as copies. Pure. */

import { GantryError } from "../../base/errors.js";
import type { InjectedFile } from "../../wire/container.js";

const block = 512;
const defaultMode = 0o444;
/** Of a ustar header's name and prefix. */
const nameBytes = 100;
const prefixBytes = 155;

/** One regular file for each, below the root. Throws "bad-parameter" for a target that no ustar header holds. */
export function filesTar(files: readonly InjectedFile[]): Uint8Array {
  return Buffer.concat([...files.flatMap(entry), Buffer.alloc(2 * block)]);
}

function entry(file: InjectedFile): Buffer[] {
  const data = Buffer.from(file.Data, "base64");
  const padding = Buffer.alloc((block - (data.length % block)) % block);
  return [header(file, data.length), data, padding];
}

function header({ Target, Uid = 0, Gid = 0, Mode = defaultMode }: InjectedFile, size: number): Buffer {
  const { name, prefix } = split(Target.replace(/^\/+/, ""), Target);
  const bytes = Buffer.alloc(block);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  bytes.write(name, 0);
  bytes.write(octal(Mode, 7), 100);
  bytes.write(octal(Uid, 7), 108);
  bytes.write(octal(Gid, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(0, 11), 136);
  bytes.write(" ".repeat(8), 148); // the checksum counts itself as blanks
  bytes.write("0", 156);
  bytes.write("ustar\x0000", 257);
  bytes.write(prefix, 345);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

/** At a slash such that both parts fit. */
function split(path: string, target: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= nameBytes) return { name: path, prefix: "" };
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= prefixBytes && Buffer.byteLength(name) <= nameBytes) return { name, prefix };
  }
  throw new GantryError("bad-parameter", `The path ${target} of a config or secret is too long for this engine`);
}
