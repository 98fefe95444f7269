/** `gantry dev --check`: whether it would work, for CI. Starts no engine, writes nothing. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { GantryError, messageOf } from "../../../../base/errors.js";
import type { Project } from "../../../../compose/project.js";
import type { CliContext, HostFinding } from "../../../context.js";
import { loadAsAsked, requestOf } from "../load.js";
import { warn } from "../output/notice.js";
import type { DevSource } from "./dev-source.js";
import { askedFor, cannotAsk, type EnvNeeds, envNeeds } from "./env-file.js";
import { checkDisk, checkHelpers, checkPorts, findingText } from "./host-checks.js";
import { type ListrTask, runTasks } from "./tasks.js";

/** Exit code 1 when one of the checks fails; all are made. */
export async function check(context: CliContext, source: DevSource, services: readonly string[]): Promise<void> {
  const { envFile = [] } = context.globals;
  const needs = envFile.length > 0 ? undefined : envNeeds(context, source.directory);
  const problems: string[] = [];
  const { env } = { ...requestOf(context), ...source.request };
  const request = { ...source.request, services, env: { ...env, ...expected(needs) } };
  const project = await loadAsAsked(context, request);
  const task = (title: string, look: () => Promise<readonly HostFinding[]>): ListrTask => ({
    title,
    task: async (_, shown) => {
      const findings = await look();
      const missing = findings.filter(({ state }) => state === "missing");
      problems.push(...missing.map(findingText));
      if (missing.length > 0) throw new Error(missing.map(({ detail }) => detail).join("; "));
      if (findings.length > 0) shown.title = `${title}  ${findings.map(({ detail }) => detail).join("; ")}`;
    },
  });
  const tasks = [
    task("Helpers of the engine", () => checkHelpers(context)),
    task("Room on the disk", () => checkDisk(context)),
    task(".env", async () => envFindings(needs)),
    task("Compose files", async () => fileFindings(project)),
    ...(project ? [task("What is built", async () => buildFindings(project))] : []),
    ...(project ? [task("Ports", () => checkPorts(context, project))] : []),
  ];
  await runTasks(context, tasks, { exitOnError: false });
  if (problems.length === 0) return;
  context.finish(1);
  warn(context, problems.join("; "), { text: `\n${problems.join("\n")}` });
}

/** What `.env` would hold; any text does for what would be generated or asked for. */
function expected(needs: EnvNeeds | undefined): Record<string, string> {
  const variables = needs?.variables ?? [];
  return Object.fromEntries(variables.map(({ name, wish }) => [name, wish.kind === "keep" ? wish.value : "unknown"]));
}

function envFindings(needs: EnvNeeds | undefined): HostFinding[] {
  if (!needs) return [];
  const open = askedFor(needs).map(({ name }) => name);
  if (open.length > 0) {
    const error: unknown = cannotAsk(needs, open);
    const fix = error instanceof GantryError ? error.hint : undefined;
    return [{ name: ".env", state: "missing", detail: messageOf(error), ...(fix ? { fix } : {}) }];
  }
  const detail = needs.current === undefined ? `would be made from ${needs.example}` : "would be completed";
  return [{ name: ".env", state: "warning", detail }];
}

/** A folder or a Dockerfile that is not in the clone. What is fetched from elsewhere is seen when it is built. */
function buildFindings({ services }: Project): HostFinding[] {
  return [...services.values()].flatMap(({ name, build }): HostFinding[] => {
    if (!build?.context.startsWith("/")) return [];
    const file = build.dockerfile_inline === undefined ? resolve(build.context, build.dockerfile ?? "Dockerfile") : "";
    const missing = [build.context, file].find((path) => path !== "" && !existsSync(path));
    return missing === undefined
      ? []
      : [{ name: "build", state: "missing", detail: `${missing}, of which ${name} is built, is not there` }];
  });
}

function fileFindings(project: Project | undefined): HostFinding[] {
  if (project) return [];
  return [{ name: "Compose files", state: "missing", detail: "they have errors, which were shown" }];
}
