/** Makes a project of what a generation kept, as if it had been loaded from its files. */
import { GantryError } from "../../../../base/errors.js";
import type { Project } from "../../../../compose/project.js";
import { type KeptState, withKeptConfigs } from "../../../../plan/history/kept-model.js";
import type { CliContext } from "../../../context.js";
import { requestOf } from "../load.js";

export interface KeptProject {
  readonly project: Project;
  /** What is not as it was then, in sentences. */
  readonly warnings: readonly string[];
}

/**
 * Configs are as they were kept; secrets are read where they come from, as they are now. Throws "path-not-found" for a
 * secret whose file is gone, "state-damaged" for a model that cannot be read any more.
 */
export async function loadKept(
  context: CliContext,
  { name, number }: { readonly name: string; readonly number: number },
  kept: KeptState,
): Promise<KeptProject> {
  const first = await loadModelText(context, name, { kept, model: kept.model, number });
  const { readConfigs } = await import("../../../../apply/history/kept-contents.js");
  const present = await readConfigs(first);
  const model = withKeptConfigs(kept, present);
  const project = model === kept.model ? first : await loadModelText(context, name, { kept, model, number });
  const { digestContents } = await import("../../../../apply/content-digests.js");
  const { secretDigests } = await digestContents(project);
  const warnings = [
    ...lostConfigs(kept, present).map((key) => `The content of config ${key} is not what generation ${number} had`),
    ...changedSecrets(project, kept, { number, secretDigests }),
  ];
  return { project, warnings };
}

async function loadModelText(
  context: CliContext,
  name: string,
  { kept, model, number }: { kept: KeptState; model: KeptState["model"]; number: number },
): Promise<Project> {
  const { loadProject } = await import("../../../../compose/load/load-project.js");
  const { existsSync } = await import("node:fs");
  const { workingDir, configFiles, envFiles, disabledServices, compatibility } = kept.facts;
  const { project, diagnostics } = await loadProject({
    ...requestOf(context),
    cwd: workingDir,
    files: ["-"],
    envFiles: envFiles.filter((file) => existsSync(file)),
    // Only services that were selected are in it, and each still names its profiles.
    profiles: ["*"],
    projectDirectory: workingDir,
    projectName: name,
    // A copy's model has its name and its addresses in it.
    instance: "",
    allResources: false,
    compatibility,
    leaveOut: { files: true },
    readStdin: async () => JSON.stringify(model),
  });
  // Places in a text that nobody wrote help nobody.
  if (project) return { ...project, configFiles, envFiles, disabledServices, sources: new Map() };
  const [problem] = diagnostics.filter(({ severity }) => severity === "error");
  throw new GantryError("state-damaged", `Generation ${number} cannot be read: ${problem?.message ?? "it is empty"}`, {
    hint: "Another generation may do: gantry history",
  });
}

/** Of which only the digest was kept, and that is another one now. */
function lostConfigs({ configs, model }: KeptState, present: Readonly<Record<string, { digest: string }>>): string[] {
  const inModel = typeof model.configs === "object" && model.configs !== null ? Object.keys(model.configs) : [];
  return inModel.filter((key) => {
    const kept = configs[key];
    return kept && kept.content === undefined && present[key]?.digest !== kept.digest;
  });
}

function changedSecrets(
  project: Project,
  { secrets }: KeptState,
  { number, secretDigests }: { number: number; secretDigests: ReadonlyMap<string, string> },
): string[] {
  const used = new Set([...project.services.values()].flatMap((service) => service.secrets.map((use) => use.source)));
  return [...used].sort().flatMap((key) => {
    const present = secretDigests.get(key);
    const file = project.secrets.get(key)?.file;
    if (present === undefined && file !== undefined) {
      throw new GantryError(
        "path-not-found",
        `Secret ${key} of generation ${number} is read from ${file}, which is not there`,
        {
          hint: "Histories never hold secrets: put the file back, then try again",
        },
      );
    }
    if (present === undefined || secrets[key] === undefined || secrets[key] === present) return [];
    return [`Secret ${key} has changed since generation ${number}: what it holds now is used`];
  });
}
