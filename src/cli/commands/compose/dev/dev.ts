/**
 * `gantry dev`: from a fresh clone to a working environment. What is there already stays, so that twice is quick.
 *
 * The host is checked, `.env` made, everything brought up and waited for, jobs run; then it says where things answer,
 * shows the output and follows the files until Ctrl-C, which stops what runs.
 */
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { DevJob } from "../../../../compose/extension.js";
import type { Project } from "../../../../compose/project.js";
import { readyUrls, summaryLines } from "../../../../dev/summary.js";
import { watchRules } from "../../../../plan/watch/watch-rules.js";
import type { CliContext, HostFinding } from "../../../context.js";
import { styleFor } from "../../../views/style.js";
import { seedOfUp } from "../history/generation-seed.js";
import { serviceUrls } from "../instances/url.js";
import { load, loadModel, requestOf } from "../load.js";
import { warn } from "../output/notice.js";
import { progressMode, wantsColor } from "../output/terminal.js";
import { findReplicasOf } from "../replicas.js";
import { runPlan, takeLock } from "../run-plan.js";
import { type UpFlags, upOptions } from "../up.js";
import { type DevSource, findSource } from "./dev-source.js";
import { type DraftedEnv, draftEnv, envNeeds } from "./env-file.js";
import { checkDisk, checkHelpers, checkPorts, findingText } from "./host-checks.js";
import { showAsTasks } from "./plan-board.js";
import { drawDevPlan } from "./prepare.js";
import { type ListrTask, runTasks } from "./tasks.js";

export interface DevFlags {
  /** Only looks, changes nothing. */
  readonly check?: boolean;
  readonly detach?: boolean;
  /** False with `--no-watch`. */
  readonly watch: boolean;
  /** Images are built even if they are there. */
  readonly build?: boolean;
  readonly waitTimeout?: string;
  /** False with `--no-wait-lock`. */
  readonly waitLock: boolean;
  readonly yes?: boolean;
}

/** Exit code 1 when something is missing or fails, 130 after Ctrl-C. */
export async function dev(context: CliContext, flags: DevFlags, services: readonly string[]): Promise<void> {
  const source = findSource(context);
  for (const note of source.notes) warn(context, note, { text: `note: ${note}` });
  if (flags.check) return (await import("./check.js")).check(context, source, services);
  const draft = await draftFor(context, source);
  // Files from elsewhere are asked about before anything is written here.
  const isTrusted = draft !== undefined && (await trustRemotes(context, source, { draft, flags }));
  await begin(context, draft);
  if (source.host && !context.globals.dryRun) {
    await (await import("./initialize.js")).runHostCommands(context, source.host, flags.yes);
  }
  const chosen = services.length > 0 ? services : source.services;
  const project = await loadModel(context, chosen, { request: source.request });
  if (!project) return;
  if (project.remotes && !isTrusted) await (await import("../remotes.js")).confirmRemotes(context, project, flags.yes);
  if (!context.globals.dryRun) await portsMustBeFree(context, project);
  const client = await context.connect();
  const own = [...(project.gantry?.dev?.jobs.values() ?? []), ...source.jobs];
  const wanted = { project, flags, services: chosen, jobs: services.length > 0 ? [] : own };
  const isReady = await bringUp(context, client, wanted);
  if (!isReady || context.globals.dryRun) return;
  await sayReady(context, source, wanted);
  if (!flags.detach) await stay(context, client, wanted);
}

/** Undefined where `.env` needs nothing, or is somebody else's business. */
async function draftFor(context: CliContext, { directory }: DevSource): Promise<DraftedEnv | undefined> {
  const { envFile = [], dryRun } = context.globals;
  const needs = dryRun || envFile.length > 0 ? undefined : envNeeds(context, directory);
  return needs && draftEnv(context, needs);
}

/**
 * Asks about files from elsewhere, as the project is with the variables of the draft. False when there are none, or the
 * project cannot be loaded: loading it again tells why. Throws "cancelled" when they are not trusted.
 */
async function trustRemotes(
  context: CliContext,
  { request }: DevSource,
  { draft, flags }: { draft: DraftedEnv; flags: DevFlags },
): Promise<boolean> {
  const { env } = { ...requestOf(context), ...request };
  const { project } = await load(context, { ...request, env: { ...Object.fromEntries(draft.values), ...env } });
  if (!project?.remotes) return false;
  await (await import("../remotes.js")).confirmRemotes(context, project, flags.yes);
  return true;
}

/** Checks this host and writes `.env`. Throws for what is missing, all at once. */
async function begin(context: CliContext, draft: DraftedEnv | undefined): Promise<void> {
  if (context.globals.dryRun) return;
  const more = await draft?.write();
  const tasks: ListrTask[] = [
    {
      title: "Check this host",
      task: async (_, task) => {
        const findings = [...(await checkHelpers(context)), ...(await checkDisk(context))];
        const missing = findings.filter(({ state }) => state === "missing");
        if (missing.length > 0) throw missingOnHost(missing);
        if (findings.length > 0) task.title = `Check this host  ${findings.map(findingText).join("; ")}`;
      },
    },
    ...(draft === undefined ? [] : [{ title: `.env  ${draft.said}${more ?? ""}`, task: () => {} }]),
  ];
  await runTasks(context, tasks);
}

/** Before anything is pulled or made: a port that is taken would end it all at the very last step. */
async function portsMustBeFree(context: CliContext, project: Project): Promise<void> {
  const taken = await checkPorts(context, project);
  if (taken.length > 0) throw missingOnHost(taken);
}

function missingOnHost(missing: readonly HostFinding[]): GantryError {
  return new GantryError("helper-missing", missing.map(({ name, detail }) => `${name}: ${detail}`).join("; "), {
    hint: missing.flatMap(({ fix }) => fix ?? []).join("; "),
  });
}

interface Wanted {
  readonly project: Project;
  readonly flags: DevFlags;
  readonly services: readonly string[];
  readonly jobs: readonly DevJob[];
}

/** False when something failed, which was told: the exit code is set. */
async function bringUp(context: CliContext, client: EngineClient, { project, flags, services, jobs }: Wanted) {
  const { build, waitTimeout } = flags;
  const asked = { wait: true, ...(build ? { build } : {}), ...(waitTimeout === undefined ? {} : { waitTimeout }) };
  const options = upOptions(context, asked, services);
  await using _lock = await takeLock(context, client, { project: project.name, command: "dev", wait: flags.waitLock });
  const drawn = await drawDevPlan(context, client, { project, options, jobs });
  if (!drawn) return false;
  const { plan, observed } = drawn;
  // Elsewhere than on a terminal, lines that name what they speak of say more than tasks do.
  const isTerminal = progressMode(context, { operations: Number.POSITIVE_INFINITY }) === "tty";
  const renderer = isTerminal && plan.operations.length > 0 ? showAsTasks(context, plan) : undefined;
  const { outcome } = await runPlan(context, client, plan, {
    ...{ command: "dev", project, renderer },
    generation: seedOfUp("up", project, { options, observed }),
  });
  return outcome === "succeeded";
}

async function sayReady(context: CliContext, source: DevSource, { project, services }: Wanted): Promise<void> {
  const replicas = await findReplicasOf(context, { name: project.name, project }, { services });
  const ports = await serviceUrls(context, replicas, project);
  const { urls = source.urls, logins, next_steps = nextSteps(source, project) } = project.gantry?.dev ?? {};
  const { bold } = styleFor(wantsColor(context, context.stdout));
  const said = { urls: readyUrls(urls, ports), next_steps, ...(logins ? { logins } : {}) };
  context.stdout.write(`\n${summaryLines(project.name, said, bold).join("\n")}\n\n`);
}

/** Without Compose files the project is found by its name. */
function nextSteps({ shell }: DevSource, { name }: Project): string[] {
  if (shell === undefined) return [];
  return [`Look inside:   gantry -p ${name} exec ${shell} sh`, `Take it down:  gantry -p ${name} down`];
}

/** As `up` in the foreground: everything runs already, so that only its output is attached to. */
async function stay(context: CliContext, client: EngineClient, { project, flags, services }: Wanted): Promise<void> {
  const { upInForeground } = await import("../foreground/up-foreground.js");
  const watch = flags.watch && watchRules(project, services).length > 0;
  const upFlags: UpFlags = {
    ...{ recreate: true, deps: true, start: true, color: true, logPrefix: true },
    ...{ watch, waitLock: flags.waitLock, quietPull: true },
  };
  const options = upOptions(context, { recreate: false }, services);
  await upInForeground(context, client, { project, options, flags: upFlags });
}
