/** `down`, `stop`, `start`, `restart`, `kill`, `rm`, `pause`: by files where there are any, else by labels. */

import { createInterface } from "node:readline/promises";
import type { ApplyResult } from "../../../apply/apply-plan.js";
import { GantryError } from "../../../base/errors.js";
import type { EngineClient } from "../../../client/engine-client.js";
import type { Project } from "../../../compose/project.js";
import type { ObservedState } from "../../../plan/observed.js";
import type { Plan } from "../../../plan/operation.js";
import type { CliContext } from "../../context.js";
import { loadProjectOrName, wholeNumber } from "./load.js";
import { printsJson, say, warn } from "./output/notice.js";
import { runPlan, takeLock } from "./run-plan.js";
import { isTrue } from "./up.js";

type Services = readonly string[];
export interface LockFlags {
  /** False with `--no-wait-lock`. */
  readonly waitLock: boolean;
}

/** Containers, networks, and what else was asked for. Nothing there is a warning. */
export async function down(
  context: CliContext,
  flags: LockFlags & { volumes?: boolean; purge?: boolean; removeOrphans?: boolean; timeout?: string; rmi?: string },
  services: Services,
): Promise<void> {
  const { rmi } = flags;
  if (flags.purge && !flags.volumes) {
    throw new GantryError("bad-usage", "--purge says how volumes are removed", { hint: "Add --volumes" });
  }
  if (rmi !== undefined && rmi !== "local" && rmi !== "all") {
    throw new GantryError("bad-usage", `invalid value "${rmi}" for --rmi: use local or all`);
  }
  const { planDown } = await import("../../../plan/plan-down.js");
  const asked = { command: "down", flags, images: rmi !== undefined, takesAway: services } as const;
  const { plan, outcome } = await change(context, asked, (project, observed, isKept) =>
    planDown(project, observed, {
      services,
      volumes: flags.volumes === true,
      trash: isKept && flags.purge !== true,
      removeOrphans: flags.removeOrphans ?? isTrue(context.env.COMPOSE_REMOVE_ORPHANS),
      ...timeout(flags),
      ...(rmi === undefined ? {} : { rmi }),
    }),
  );
  if (plan?.operations.length === 0) {
    warn(context, `No resource found to remove for project "${plan.project}".`);
  }
  if (plan && outcome === "succeeded" && !flags.purge) sayWhereVolumesAre(context, plan);
}

/** True where volumes that are removed go to a trash: not in CI, since nobody comes back to a job. */
export function keepsVolumes({ env }: CliContext, { engine }: EngineClient): boolean {
  return engine.kind === "gantry" && !isTrue(env.CI);
}

/** In the trash, or gone: who asked for it may want to know before it matters. */
function sayWhereVolumesAre(context: CliContext, { operations }: Plan): void {
  const removals = operations.flatMap((op) => (op.kind === "remove-volume" ? [op] : []));
  if (removals.length === 0 || context.globals.dryRun || printsJson(context)) return;
  const isKept = removals.some(({ toTrash }) => toTrash);
  const why = isTrue(context.env.CI) ? "in CI nothing is kept in the trash" : "this engine has no trash";
  context.stderr.write(
    isKept ? "What was in the volumes comes back with: gantry undo\n" : `Volumes are removed for good: ${why}\n`,
  );
}

export async function stop(
  context: CliContext,
  flags: LockFlags & { timeout?: string },
  services: Services,
): Promise<void> {
  const { planStop } = await import("../../../plan/plan-lifecycle.js");
  await change(context, { command: "stop", flags }, (project, observed) =>
    planStop(project, observed, { services, ...timeout(flags) }),
  );
}

export async function start(
  context: CliContext,
  flags: LockFlags & { wait?: boolean; waitTimeout?: string },
  services: Services,
): Promise<void> {
  const { planStart } = await import("../../../plan/plan-lifecycle.js");
  const seconds = flags.waitTimeout === undefined ? 0 : wholeNumber(flags.waitTimeout, "--wait-timeout");
  await change(context, { command: "start", flags }, (project, observed) =>
    planStart(project, observed, {
      services,
      wait: flags.wait === true,
      ...(seconds > 0 ? { waitTimeoutMs: seconds * 1000 } : {}),
    }),
  );
}

export async function restart(
  context: CliContext,
  flags: LockFlags & { timeout?: string; deps: boolean },
  services: Services,
): Promise<void> {
  const { planRestart } = await import("../../../plan/plan-lifecycle.js");
  await change(context, { command: "restart", flags }, (project, observed) =>
    planRestart(project, observed, { services, noDeps: !flags.deps, ...timeout(flags) }),
  );
}

/** Takes no lock: a kill must get through while an `up` hangs. */
export async function kill(
  context: CliContext,
  flags: { signal?: string; removeOrphans?: boolean },
  services: Services,
): Promise<void> {
  const { planKill } = await import("../../../plan/plan-lifecycle.js");
  const { signal = "SIGKILL", removeOrphans = isTrue(context.env.COMPOSE_REMOVE_ORPHANS) } = flags;
  const { plan } = await change(context, { command: "kill" }, (project, observed) =>
    planKill(project, observed, { services, signal, removeOrphans }),
  );
  if (plan?.operations.length === 0) say(context, "No container to kill");
}

/** Asks before it removes, unless `--force` was given; where nobody can be asked nothing is removed. */
export async function rm(
  context: CliContext,
  flags: LockFlags & { force?: boolean; stop?: boolean; volumes?: boolean },
  services: Services,
): Promise<void> {
  const { planRemove } = await import("../../../plan/plan-lifecycle.js");
  const confirm = (drawn: Plan) => flags.force === true || confirmRemoval(context, drawn);
  const options = { services, stop: flags.stop === true, volumes: flags.volumes === true };
  const asked = { command: "rm", flags, confirm, takesAway: services } as const;
  const { plan } = await change(context, asked, (project, observed, isKept) =>
    planRemove(project, observed, { ...options, trash: isKept }),
  );
  if (plan?.operations.length === 0) say(context, "No stopped containers");
}

export async function pause(
  context: CliContext,
  { pause: freeze }: { pause: boolean },
  services: Services,
): Promise<void> {
  const { planPause } = await import("../../../plan/plan-lifecycle.js");
  await change(context, { command: freeze ? "pause" : "unpause" }, (project, observed) =>
    planPause(project, observed, { services, pause: freeze }),
  );
}

type ChangeOptions = {
  /** Absent: no lock is taken. */
  readonly flags?: LockFlags;
  readonly images?: boolean;
  readonly confirm?: (plan: Plan) => boolean | Promise<boolean>;
} & (
  | { readonly command: string; readonly takesAway?: undefined }
  /** Can be undone: the services that it is about. */
  | { readonly command: "down" | "rm"; readonly takesAway: Services }
);

/** What was planned, unless the files have errors; and what came of it, unless somebody said no. */
interface Changed {
  readonly plan?: Plan;
  readonly outcome?: ApplyResult["outcome"];
}

/** Loads or rebuilds the project, observes, plans, carries out. */
async function change(
  context: CliContext,
  { flags, images, confirm, ...asked }: ChangeOptions,
  draw: (project: Project, observed: ObservedState, isKept: boolean) => Plan,
): Promise<Changed> {
  const known = await loadProjectOrName(context);
  if (!known) return {};
  const client = await context.connect();
  const look = async () => {
    const { project, observed } = await observe(context, client, { ...known, images: images === true });
    return { project, observed, plan: draw(project, observed, keepsVolumes(context, client)) };
  };
  const isWanted = async ({ plan }: { plan: Plan }) =>
    plan.operations.length === 0 || !confirm || context.globals.dryRun === true || (await confirm(plan));
  // Asked before the lock is taken: a question that nobody answers must not hold up everybody else.
  const before = confirm && (await look());
  if (before && !(await isWanted(before))) return { plan: before.plan };
  await using _lock = flags
    ? await takeLock(context, client, { project: known.name, command: asked.command, wait: flags.waitLock })
    : undefined;
  const now = await look();
  // Asked again only for what has come since.
  const isAnswered =
    !before || now.plan.operations.every(({ id }) => before.plan.operations.some((op) => op.id === id));
  if (!isAnswered && !(await isWanted(now))) return { plan: now.plan };
  const { plan, project, observed } = now;
  const seed = { project, observed };
  const { outcome } = await runPlan(context, client, plan, {
    command: asked.command,
    ...(known.project ? { project: known.project } : {}),
    ...(asked.takesAway ? { generation: { ...seed, command: asked.command, services: asked.takesAway } } : {}),
  });
  return { plan, outcome };
}

async function observe(
  { signal }: CliContext,
  client: EngineClient,
  { name, project, images }: { name: string; project?: Project; images: boolean },
): Promise<{ project: Project; observed: ObservedState }> {
  const { observeImages, observeResources } = await import("../../../apply/observe.js");
  const { rebuildProject } = await import("../../../plan/service/rebuilt-project.js");
  const observed = await observeResources(client, name, { signal });
  const model = project ?? rebuildProject(name, observed);
  if (!images) return { project: model, observed };
  return { project: model, observed: { ...observed, images: await observeImages(client, model, { signal }) } };
}

async function confirmRemoval({ stdin, stdout, signal }: CliContext, plan: Plan): Promise<boolean> {
  const names = plan.operations.flatMap((op) => (op.kind === "remove-container" ? [op.container.name] : []));
  stdout.write(`Going to remove ${names.join(", ")}\n`);
  if (!stdin.isTTY) return false;
  const prompt = createInterface({ input: stdin, output: stdout });
  try {
    return /^(y|yes)$/i.test((await prompt.question("Are you sure? [yN] ", { signal })).trim());
  } finally {
    prompt.close();
  }
}

function timeout({ timeout: text }: { timeout?: string }): { timeoutS?: number } {
  return text === undefined ? {} : { timeoutS: wholeNumber(text, "--timeout", -1) };
}
