/** `gantry init`: writes the Compose file that the project of this folder begins with. Touches no engine. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { GantryError } from "../../../base/errors.js";
import { createUserFile, writeUserFile } from "../../../base/user-file.js";
import { type DetectedProject, detectProject, manifestNames } from "../../../compose/init/detect-project.js";
import { startingFile, variablesOf } from "../../../compose/init/starting-file.js";
import type { CliContext } from "../../context.js";

export interface InitFlags {
  /** `-` is standard output. */
  readonly output?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const existingNames = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
/** Manifests are written by people; a larger file under such a name is something else. */
const maxManifestBytes = 1024 * 1024;

/** Prints the file, or writes it and says what was found and what comes next. Replaces nothing without `--force`. */
export async function init(context: CliContext, flags: InitFlags): Promise<void> {
  const folder = resolve(context.cwd, context.globals.projectDirectory ?? ".");
  const files = readFolder(folder);
  const project = detectProject(files);
  const text = startingFile(project);
  if (flags.dryRun || flags.output === "-") return void context.stdout.write(text);
  const existing = flags.output === undefined ? existingNames.find((name) => files.has(name)) : undefined;
  if (existing !== undefined && !flags.force) throw alreadyThere(existing);
  const path = resolve(folder, flags.output ?? existing ?? "compose.yaml");
  if (flags.force) await writeUserFile(path, text);
  else if (!(await createUserFile(path, text))) throw alreadyThere(flags.output ?? "compose.yaml");
  context.stdout.write(`${summary(project, { name: flags.output ?? existing ?? "compose.yaml", files }).join("\n")}\n`);
}

function alreadyThere(name: string): GantryError {
  const hint = "Print the new one with --dry-run, or replace it with --force";
  return new GantryError("bad-parameter", `${name} is already there`, { hint });
}

/** Names in the folder, with the texts of the manifests. */
function readFolder(folder: string): Map<string, string | undefined> {
  const names = readdirSync(folder).sort();
  return new Map(
    names.map((name) => [name, manifestNames.includes(name) ? readManifest(join(folder, name)) : undefined]),
  );
}

function readManifest(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() && stat.size <= maxManifestBytes ? readFileSync(path, "utf8") : undefined;
}

function summary(
  project: DetectedProject,
  { name, files }: { name: string; files: ReadonlyMap<string, string | undefined> },
): string[] {
  const { kind, evidence, hasDockerfile, needs } = project;
  const variables = variablesOf(project);
  const found = evidence ? `Found ${evidence} (${kind})` : "Found no manifest that tells the kind of project";
  const steps = [
    ...(variables.length === 0
      ? []
      : [`Set ${variables.join(", ")} in .env${files.has(".gitignore") ? " (and keep .env in .gitignore)" : ""}`]),
    `Read ${name} and adapt it: the command, the port`,
    "gantry config -q    checks it",
    "gantry up           starts it",
  ];
  return [
    `${found}${hasDockerfile ? " and a Dockerfile" : ""}.`,
    ...needs.map(({ backing, because }) => `Added ${backing.title}: the project depends on ${because}.`),
    `Wrote ${name}.`,
    "",
    "Next:",
    ...steps.map((step, at) => `  ${at + 1}. ${step}`),
  ];
}
