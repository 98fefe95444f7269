/** Reads a file of the user's, with a bound on its size. */
import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { systemCodeOf } from "../../base/errors.js";
import { maxFileBytes } from "./parse-yaml.js";

export type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | {
      readonly kind: "unreadable";
      readonly reason: string;
      /** Set when the file itself is wrong, with where in it. */
      readonly fault?: {
        readonly code: "file-too-large" | "bad-encoding";
        readonly line: number;
        readonly column: number;
      };
    };

/**
 * The file's text. Pipes such as `/dev/fd/63` are read too; directories, files past the bound and what is not UTF-8
 * (or UTF-16 with a byte order mark) are refused.
 */
export function readFileText(path: string): FileText {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { kind: "unreadable", reason: "it is a directory" };
    if (stat.size > maxFileBytes) return tooLarge();
    return decodeText(readFileSync(path));
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
    return { kind: "unreadable", reason: code === "EACCES" ? "permission denied" : (code ?? "it cannot be read") };
  }
}

function tooLarge(): FileText {
  const reason = `it is larger than ${maxFileBytes / 1024 / 1024} MiB`;
  return { kind: "unreadable", reason, fault: { code: "file-too-large", line: 1, column: 1 } };
}

/** True when something that is not a directory stands there. */
export function fileExists(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false; // also what has a name that no file can have
  }
}

/** The text of bytes that were read; too many, or not of an encoding, is their fault. */
export function decodeText(bytes: Buffer): FileText {
  if (bytes.length > maxFileBytes) return tooLarge();
  const mark = bytes.subarray(0, 2).toString("hex");
  const encoding = mark === "fffe" ? "utf-16le" : mark === "feff" ? "utf-16be" : "utf-8";
  try {
    return { kind: "text", text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    const place = encoding === "utf-8" ? firstNonUtf8(bytes) : { line: 1, column: 1 };
    return {
      kind: "unreadable",
      reason: `it is not ${encoding.toUpperCase()}`,
      fault: { code: "bad-encoding", ...place },
    };
  }
}

function firstNonUtf8(bytes: Buffer): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0 && isUtf8(bytes.subarray(start, end)); end = bytes.indexOf(10, start)) {
    start = end + 1;
    line += 1;
  }
  // Decoded leniently, the first wrong byte is the first replacement character that the file does not have itself.
  const before = bytes
    .subarray(start, start + 10_000)
    .toString("utf8")
    .indexOf("\ufffd");
  return { line, column: Math.max(0, before) + 1 };
}
