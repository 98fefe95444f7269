/** `gantry rollback`: makes a project, or some of its services, what an earlier generation was. */

import { GantryError } from "../../../../base/errors.js";
import { canonicalJson } from "../../../../base/json.js";
import type { HistoryCalls } from "../../../../client/history-calls.js";
import { chooseRollback } from "../../../../plan/history/choose-generation.js";
import { type KeptState, overlaid, serviceModel } from "../../../../plan/history/kept-model.js";
import { printPlan } from "../../../../plan/print-plan.js";
import type { Generation } from "../../../../wire/history.js";
import type { CliContext } from "../../../context.js";
import { wholeNumber } from "../load.js";
import { confirm } from "../output/confirm.js";
import { printsJson } from "../output/notice.js";
import { runPlan, takeLock } from "../run-plan.js";
import { type UpFlags, upOptions } from "../up.js";
import { openHistory } from "./open-history.js";
import { projectNameOf } from "./project-name.js";
import { planRestored, type RestoredPlan } from "./restore-state.js";

export interface RollbackFlags extends Pick<UpFlags, "wait" | "waitTimeout" | "timeout" | "yes"> {
  readonly to?: string;
  readonly waitLock: boolean;
}

/** Exit codes as of `up`. Shows the plan, and asks on a terminal before containers are removed. */
export async function rollback(context: CliContext, flags: RollbackFlags, services: readonly string[]): Promise<void> {
  const to = flags.to === undefined ? undefined : wholeNumber(flags.to, "--to", 1);
  const name = await projectNameOf(context);
  if (name === undefined) return;
  const client = await context.connect();
  await using _lock = await takeLock(context, client, { project: name, command: "rollback", wait: flags.waitLock });
  const history = await openHistory(context, client);
  const { goal, present } = await findGoal(history, name, { to, services });
  const state = stateOf(goal);
  checkServices(state, goal, services);
  const kept = overlaid(stateOf(present), state, services);
  const options = {
    ...upOptions(context, flags, services),
    noDeps: true,
    // A service that the generation did not have is not part of what is gone back to.
    removeOrphans: services.length === 0,
  };
  const drawn = await planRestored(context, client, { name, generation: goal, kept, options, coming: [] });
  if (!drawn) return;
  if (drawn.plan.operations.length === 0 && !context.globals.dryRun) {
    if (!printsJson(context)) context.stderr.write(`${name} is what generation ${goal.number} was: nothing to do\n`);
    return;
  }
  await askFirst(context, drawn, { goal: goal.number, yes: flags.yes });
  const { project, observed, plan } = drawn;
  const seed = { command: "rollback", of: goal.number, project, observed, services } as const;
  const generation = { ...seed, becomes: { state: kept } };
  await runPlan(context, client, plan, { command: "rollback", project, generation });
}

/** The generation that was named, or the newest that succeeded and was something else than the present. */
async function findGoal(
  history: HistoryCalls,
  name: string,
  { to, services }: { to: number | undefined; services: readonly string[] },
): Promise<{ goal: Generation; present: Generation }> {
  const choice = chooseRollback(name, await history.list(name), to);
  const present = await history.get(name, choice.present.number);
  for (const { number } of choice.goals) {
    const goal = await history.get(name, number);
    // After a failure the last one that succeeded is meant, whatever it was.
    const isOther = present.outcome !== "succeeded" || fingerprint(goal, services) !== fingerprint(present, services);
    if (to !== undefined || isOther) return { goal, present };
  }
  const what = services.length > 0 ? `Service ${services.join(", ")} of project ${name}` : `Project ${name}`;
  throw new GantryError("generation-not-found", `${what} was nothing else in the generations that are kept`, {
    hint: "See which there are: gantry history",
  });
}

/** Of what a rollback changes. */
function fingerprint(generation: Generation, services: readonly string[]): string {
  const { model, facts, configs, secrets, images } = generation;
  if (!model || !facts) return "";
  if (services.length === 0) return canonicalJson([model, configs, secrets, ids(images)]);
  const kept = { model, facts, configs, secrets };
  return canonicalJson(services.map((service) => [serviceModel(kept, service), images[service]?.id]));
}

function ids(images: Generation["images"]): Array<readonly [string, string]> {
  return Object.entries(images).map(([service, { id }]) => [service, id]);
}

function stateOf({ project, number, model, facts, configs, secrets }: Generation): KeptState {
  if (model && facts) return { model, facts, configs, secrets };
  throw new GantryError("state-damaged", `Generation ${number} of project ${project} has no model`);
}

function checkServices({ model }: KeptState, { number }: Generation, services: readonly string[]): void {
  const known = Object.keys((model.services ?? {}) as Record<string, unknown>); // the canonical form
  const missing = services.filter((service) => !known.includes(service));
  if (missing.length === 0) return;
  throw new GantryError("bad-parameter", `Generation ${number} has no service ${missing.join(", ")}`, {
    hint: `It has: ${known.join(", ") || "none"}`,
  });
}

async function askFirst(
  context: CliContext,
  { plan }: RestoredPlan,
  { goal, yes = false }: { goal: number; yes: boolean | undefined },
): Promise<void> {
  if (context.globals.dryRun) return;
  const isForPrograms = printsJson(context);
  if (!isForPrograms) {
    context.stderr.write(`Back to generation ${goal}\n${printPlan(plan, { baseDir: context.cwd })}`);
  }
  const isDestructive = plan.operations.some(({ kind }) => kind === "remove-container");
  if (!isDestructive || yes || !context.stdin.isTTY) return;
  if (isForPrograms) {
    throw new GantryError("cancelled", "Containers are replaced or removed, and JSON leaves no room for a question", {
      hint: "To go on unasked: -y. To see what is done: --dry-run",
    });
  }
  await confirm(context, "Containers are replaced or removed. Go on?", {
    otherwise: false,
    hint: "To go on unasked: -y",
  });
}
