/** Reads a file of the user's, with a bound on its size. */
import { readFileSync, statSync } from "node:fs";
import { systemCodeOf } from "../../base/errors.js";
import { maxFileBytes } from "./parse-yaml.js";

export type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** The file's text. Pipes such as `/dev/fd/63` are read too; directories and files past the bound are refused. */
export function readFileText(path: string): FileText {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { kind: "unreadable", reason: "it is a directory" };
    if (stat.size > maxFileBytes) {
      return { kind: "unreadable", reason: `it is larger than ${maxFileBytes / 1024 / 1024} MiB` };
    }
    return { kind: "text", text: readFileSync(path, "utf8") };
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
    return { kind: "unreadable", reason: code === "EACCES" ? "permission denied" : (code ?? "it cannot be read") };
  }
}

/** True when something that is not a directory stands there. */
export function fileExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}
