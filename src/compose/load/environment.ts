/** Reads `.env` files into the project environment: the process environment wins. */
import { join } from "node:path";
import type { SourceLocation } from "../../base/diagnostic.js";
import { parseEnvFile } from "../interpolate/env-file.js";
import { nowhere, type Report } from "../report.js";
import { readFileText } from "./read-text.js";

/** Where env files set variables, by name; a variable of the process has none. */
export type VariablePlaces = Map<string, SourceLocation>;
type Environment = Readonly<Record<string, string>>;

/**
 * The environment with the files below it, a later file over an earlier one. An explicit file must exist; `isDefault`
 * files may be missing.
 */
export function loadEnvFiles(
  process: Environment,
  files: readonly string[],
  { isDefault, places: found }: { isDefault: boolean; places?: VariablePlaces | undefined },
  report: Report,
): Environment {
  let below: Record<string, string> = {};
  for (const file of files) {
    const read = readFileText(file);
    if (read.kind === "text") {
      const { values, places, problems } = parseEnvFile(read.text, (name) => process[name] ?? below[name]);
      for (const { message, ...place } of problems) {
        report.error({ path: "", at: [{ file, ...place }] }, "bad-env-file", message);
      }
      for (const [name, place] of places) if (!Object.hasOwn(process, name)) found?.set(name, { file, ...place });
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
