/** Finds the Compose files of a project by Compose's rules: names in order, nearest parent directory, one override. */
import { dirname, isAbsolute, join, resolve } from "node:path";
import { nowhere, type Report } from "../report.js";
import { fileExists } from "./read-text.js";
import { isRemote } from "./remote-files.js";
import { splitFiles } from "./split-files.js";

const baseNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const overrideNames = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

export interface FileRequest {
  readonly cwd: string;
  /** From `-f`, `-` for standard input. */
  readonly files: readonly string[];
  readonly projectDirectory?: string | undefined;
  /** For `COMPOSE_FILE` and `COMPOSE_PATH_SEPARATOR`. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Absolute paths in merge order, `-` kept; empty (and reported) when there is none. */
export function discoverFiles({ cwd, files, projectDirectory, environment }: FileRequest, report: Report): string[] {
  const given = files.length > 0 ? files : splitFiles(environment.COMPOSE_FILE, environment.COMPOSE_PATH_SEPARATOR);
  if (given.length > 0)
    return given.map((file) => (file === "-" || isAbsolute(file) || isRemote(file) ? file : resolve(cwd, file)));
  const start = projectDirectory ? resolve(cwd, projectDirectory) : cwd;
  for (let folder = start; ; folder = dirname(folder)) {
    const found = existing(folder, baseNames, report);
    if (found) return [found, existing(folder, overrideNames, report)].filter((path) => path !== undefined);
    if (folder === dirname(folder)) break;
  }
  report.error(nowhere, "compose-file-not-found", "no configuration file provided: not found", {
    expected: `one of ${baseNames.join(", ")} in ${start} or above`,
    hint: "Go to the project's directory, or name the file with -f",
  });
  return [];
}

function existing(folder: string, names: readonly string[], report: Report): string | undefined {
  const found = names.filter((name) => fileExists(join(folder, name)));
  const [first] = found;
  if (found.length > 1) {
    report.warn(nowhere, "several-files", `Several files in ${folder}: ${found.join(", ")}; ${first} is used`);
  }
  return first && join(folder, first);
}

/** The items of a list variable, empty ones left out. */
export function splitList(text: string | undefined, separator: string): string[] {
  return (text ?? "").split(separator).filter((item) => item !== "");
}
