/** Loads a project for the console: problems are lines, and a project without files still has its name. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import type { LoadedProject, ProjectName } from "../../../../apply/console.js";
import type { Diagnostic } from "../../../../base/diagnostic.js";
import type { LoadRequest } from "../../../../compose/load/load-project.js";
import type { CliContext, GlobalOptions } from "../../../context.js";
import { load } from "../load.js";

/** The project of the command line; or another one, by the files its containers name where they are still there. */
export async function loadForConsole(context: CliContext, other?: ProjectName): Promise<LoadedProject> {
  if (!other) return ownProject(context);
  const { name, configFiles, workingDir } = other;
  const byName = { name, command: `gantry -p ${name}` };
  if (configFiles.length === 0 || !configFiles.every((file) => existsSync(file))) return { ...byName, problems: [] };
  const words = configFiles.map((file) => `-f ${shellWord(relative(context.cwd, file) || file)}`).join(" ");
  const place = workingDir === undefined ? {} : { cwd: workingDir, projectDirectory: workingDir };
  const request: Partial<LoadRequest> = {
    files: [...configFiles],
    envFiles: [],
    profiles: [],
    projectName: name,
    ...place,
  };
  const { project, diagnostics } = await load(context, request);
  if (!project) return { ...byName, problems: [] };
  return { name, project, problems: linesOf(diagnostics, context.cwd), command: `gantry ${words} -p ${name}` };
}

async function ownProject(context: CliContext): Promise<LoadedProject> {
  const { file = [], projectName } = context.globals;
  const command = commandOf(context.globals);
  const { project, diagnostics } = await load(context, {});
  if (project) return { name: project.name, project, problems: [], command };
  const isMissing = diagnostics.some(({ code }) => code === "compose-file-not-found");
  const name = projectName ?? context.env.COMPOSE_PROJECT_NAME;
  if (isMissing && file.length === 0 && name) return { name: name.toLowerCase(), problems: [], command };
  const next = isMissing ? ["6 lists the projects that the engine knows."] : [];
  return { problems: [...linesOf(diagnostics, context.cwd), ...next], command };
}

/** `gantry` with the flags that say which project is meant. */
function commandOf({
  file = [],
  projectName,
  projectDirectory,
  profile = [],
  instance,
  engine,
}: GlobalOptions): string {
  const flags = [
    ...file.map((one) => ["-f", one]),
    ...(projectName === undefined ? [] : [["-p", projectName]]),
    ...(projectDirectory === undefined ? [] : [["--project-directory", projectDirectory]]),
    ...profile.map((one) => ["--profile", one]),
    ...(instance === undefined ? [] : [["--instance", instance]]),
    ...(engine === undefined ? [] : [["--engine", engine]]),
  ];
  return ["gantry", ...flags.flat().map(shellWord)].join(" ");
}

/** As a POSIX shell reads it back. Names of projects need no quotes. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function linesOf(diagnostics: readonly Diagnostic[], cwd: string): string[] {
  return diagnostics.flatMap(({ severity, message, source, hint }) => {
    const place = source ? `${relative(cwd, source.file) || source.file}:${source.line}: ` : "";
    return [`${severity}: ${place}${message}`, ...(hint ? [`  ${hint}`] : [])];
  });
}
