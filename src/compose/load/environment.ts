/** Reads `.env` files into the project environment: the process environment wins. */
import { join } from "node:path";
import { parseEnvFile } from "../interpolate/env-file.js";
import { nowhere, type Report } from "../report.js";
import { readFileText } from "./read-text.js";

type Environment = Readonly<Record<string, string>>;

/**
 * The environment with the files below it, a later file over an earlier one. An explicit file must exist; `isDefault`
 * files may be missing.
 */
export function loadEnvFiles(
  process: Environment,
  files: readonly string[],
  { isDefault }: { isDefault: boolean },
  report: Report,
): Environment {
  let below: Record<string, string> = {};
  for (const file of files) {
    const read = readFileText(file);
    if (read.kind === "text") {
      const { values, problems } = parseEnvFile(read.text, (name) => process[name] ?? below[name]);
      for (const { message, ...place } of problems) {
        report.error({ path: "", at: [{ file, ...place }] }, "bad-env-file", message);
      }
      below = { ...below, ...Object.fromEntries(values) };
    } else if (!isDefault) {
      const what = read.kind === "missing" ? "does not exist" : `cannot be read: ${read.reason}`;
      report.error(nowhere, "env-file-not-found", `Env file ${file} ${what}`, { hint: "Check --env-file" });
    }
  }
  return { ...below, ...process };
}

/** Where the default `.env` of a directory is. */
export function defaultEnvFile(directory: string): string {
  return join(directory, ".env");
}
